# header: imports

"""What is on the filesystem is not a Debian."""


@step
def disk() -> Disk:
    return mkimg(from_image="cloud.raw")


@step
def root() -> Mounted[Vfat]:
    return mount(existing_filesystem(disk(), 15, Vfat))


@step
def system() -> RootFs:
    return existing_system(root())  # E: does not say in /etc/os-release which suite it is of
