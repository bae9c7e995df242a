"""Images that exist: their partition tables, filesystems and files, read without a mount."""
