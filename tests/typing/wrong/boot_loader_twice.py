# header: mbr


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", include=["linux-image-amd64", "grub-pc"])


@step
def boot() -> None:
    fstab(system())
    grub_bios(system())


@step
def boot_again() -> None:
    grub_bios(system())  # E: the bytes of GRUB's boot code are written in
