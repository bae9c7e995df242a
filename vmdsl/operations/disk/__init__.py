"""The disk: image, partition table, partitions, filesystems, volumes and mounts."""
