"""Checks of the machine that vmdsl runs on: what a build needs, and how to get it."""
