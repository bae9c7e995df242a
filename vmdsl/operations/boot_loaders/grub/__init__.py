"""GRUB, installed without a device from the tree's own packages."""
