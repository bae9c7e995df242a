# header: imports

"""The class is given, not its name."""


@step
def disk() -> Disk:
    return mkimg(from_image="cloud.raw")


@step
def root() -> Mounted[Ext4]:
    return mount(existing_filesystem(disk(), 1, "ext4"))  # M: type[ # e: is not a class of filesystems
