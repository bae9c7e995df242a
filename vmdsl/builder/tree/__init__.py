"""The directory tree that becomes the filesystems, and the layers that it is made of."""
