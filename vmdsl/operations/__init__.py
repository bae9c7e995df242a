"""The operations: the calls of recipes, and the work that each of them asks for."""
