"""Real disks: which one is meant, whether it may be written to, and writing an image to it."""
