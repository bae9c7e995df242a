# header: imports

"""A bootstrap where a system is already."""


@step
def disk() -> Disk:
    return mkimg(from_image="cloud.raw")


@step
def root() -> Mounted[Ext2]:
    return mount(existing_filesystem(disk(), 1, Ext2))



@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")  # E: the system that root has would be lost
