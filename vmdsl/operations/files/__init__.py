"""Files, directories and symlinks that a recipe puts into the system."""
