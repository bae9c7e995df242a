# header: imports

"""The image is made smaller than what is before its last partition."""


@step
def disk() -> Disk:
    return mkimg(KiB(100), from_image="cloud.raw")  # E: it ends at 104 KiB and does not fit


@step
def root() -> Mounted[Ext2]:
    return mount(existing_filesystem(disk(), 1, Ext2))


@step
def system() -> RootFs:
    return existing_system(root())
