"""What U-Boot starts on boards: menus and scripts with the kernel, in the system's /boot.

U-Boot itself is written by `write_at()`: it is a file of the system, at an offset of its board's.
"""
