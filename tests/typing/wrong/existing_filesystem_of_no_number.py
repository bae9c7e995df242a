# header: imports

"""A number that no partition has."""


@step
def disk() -> Disk:
    return mkimg(from_image="cloud.raw")


@step
def root() -> Mounted[Ext2]:
    return mount(existing_filesystem(disk(), 2, Ext2))  # E: cloud.raw has no partition 2
