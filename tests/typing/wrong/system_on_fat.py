# header: table


@step
def root() -> Mounted[Vfat]:
    return mount(mkvfat(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")  # E: a system cannot be on vfat, which root is
