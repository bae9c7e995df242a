# header: mbr


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def bios_boot() -> Partition:
    return mkpart(table(), size=MiB(1), type="bios-boot")  # E: an MBR has no partitions of type bios-boot


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def boot() -> None:
    apt(system(), "linux-image-amd64", "grub-pc")
    grub_bios(system())
