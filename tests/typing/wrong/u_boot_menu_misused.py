# header: table


@step
def root() -> Mounted[Btrfs]:
    return mount(mkbtrfs(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", arch=Arch.ARM64)


@step
def mounts() -> None:
    fstab(system())


@step
def menu() -> None:
    extlinux(system())  # E: U-Boot cannot read btrfs, which /boot is on


@step
def script() -> None:
    flash_kernel(system(), "")  # E: '' is not the name of a machine


@step
def console() -> None:
    extlinux(system(), console="serial")  # M: Unexpected keyword argument "console" for "extlinux"  # e: unexpected keyword argument 'console'
