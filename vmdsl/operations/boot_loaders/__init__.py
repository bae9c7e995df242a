"""Boot loaders, each in a folder of its own."""
