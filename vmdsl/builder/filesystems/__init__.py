"""Filesystems: each made and filled in the image, and measured."""
