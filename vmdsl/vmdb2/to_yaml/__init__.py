"""A plan, written as a specification for vmdb2."""
