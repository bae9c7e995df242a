# header: mbr


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def table_of_mounts() -> None:
    fstab(system(), by="partlabel")  # E: partitions of an MBR have no labels
