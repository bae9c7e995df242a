# header: mbr


@step
def prep() -> Partition:
    return mkpart(table(), size=MiB(8), type="prep")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def boot() -> None:
    apt(system(), "linux-image-amd64", "grub-ieee1275")
    grub_ieee1275(system(), prep())  # E: firmware won't look at prep, which isn't active in its MBR
