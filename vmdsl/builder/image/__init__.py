"""The image file: partition table, sparse data, and the file's publication."""
