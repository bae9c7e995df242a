# header: imports

"""Boot code is no filesystem."""


@step
def disk() -> Disk:
    return mkimg(from_image="cloud.raw")


@step
def root() -> Mounted[Ext2]:
    return mount(existing_filesystem(disk(), 14, Ext2))  # E: partition 14 of cloud.raw: it holds nothing that is known
