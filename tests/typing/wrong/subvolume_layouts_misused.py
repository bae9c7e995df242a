# header: table


@step
def fedora() -> Mounted[Subvolume]:
    return mount_like_fedora(mkext4(mkpart(table(), size=GiB(1))))  # M: has incompatible type "Ext4"; expected "Btrfs"  # e: mount_like_fedora() takes Btrfs as filesystem, not Ext4


@step
def opensuse() -> Mounted[Subvolume]:
    return mount_like_opensuse(mkpart(table(), size=GiB(1)))  # M: has incompatible type "Partition"; expected "Btrfs"  # e: mount_like_opensuse() takes Btrfs as filesystem, not Partition
