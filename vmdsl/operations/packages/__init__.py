"""Packages: their archives, their installation and their removal."""
