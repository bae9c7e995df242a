"""Menus and scripts by which U-Boot starts the kernel of a board, in the system's /boot.

U-Boot itself is written by `write_at()`: it is a file of the system, at an offset of its board's.
"""
