# header: imports

"""Its fstab mounts what no step does."""


@step
def disk() -> Disk:
    return mkimg(from_image="cloud.raw")


@step
def root() -> Mounted[Ext2]:
    return mount(existing_filesystem(disk(), 1, Ext2))



@step
def system() -> RootFs:
    return existing_system(root())  # E: warning: its /etc/fstab mounts partition 15 at /boot/efi
