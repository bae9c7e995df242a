# header: imports

"""A file is written where the files of the image come later."""


@step
def disk() -> Disk:
    return mkimg(from_image="cloud.raw")


@step
def root() -> Mounted[Ext2]:
    return mount(existing_filesystem(disk(), 1, Ext2))



@step
def system() -> RootFs:
    return existing_system(root())


@step
def startup() -> None:
    create_file(system(), "/boot/efi/startup.nsh", "exit\n")


@step
def efi() -> Mounted[Vfat]:
    return mount(existing_filesystem(disk(), 15, Vfat), "/boot/efi", on=system())  # E: it is mounted after startup
