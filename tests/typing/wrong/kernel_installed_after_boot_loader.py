# header: mbr


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def boot() -> None:
    apt(system(), "grub-pc")
    grub_bios(system())  # E: no step above installs a kernel


@step
def kernel() -> None:
    apt(system(), "linux-image-amd64")
