# A recipe that was just begun.  # E: no step makes a disk image
