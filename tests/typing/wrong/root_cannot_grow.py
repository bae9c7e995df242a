# header: mbr


@step
def root() -> Mounted[F2fs]:
    return mount(mkf2fs(mkpart(table(), size=GiB(2))))


@step
def srv() -> Mounted[Ext2]:
    return mount(mkext2(mkpart(table(), start=MiB(2100))), "/srv", on=root())


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def grow() -> None:
    grow_root(system())  # E: f2fs cannot grow while it is in use  # E: root cannot grow: srv is behind it
