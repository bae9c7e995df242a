# header: mbr


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkextended(table()))))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def grow() -> None:
    grow_root(system())  # E: root cannot grow: it is in an extended partition
