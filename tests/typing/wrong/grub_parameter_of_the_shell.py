# header: mbr


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def boot() -> None:
    apt(system(), "linux-image-amd64", "grub-pc")
    grub_bios(system(), default_parameters=("root=$DISK",))  # E: 'root=$DISK' is not a kernel parameter
