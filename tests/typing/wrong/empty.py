# A recipe that was just begun.  # E: the recipe makes no disk image
