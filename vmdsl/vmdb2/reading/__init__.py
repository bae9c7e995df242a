"""Texts of vmdb2 as typed steps, with everything that is wrong in them."""
