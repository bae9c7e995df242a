"""A recipe as data, written as the source of one."""
