from vmdsl import Ext4, GiB, Msdos, Mounted, RootFs, debootstrap, fstab, mkext4, mkmsdos, mkimg, mkpart, mount, step


@step
def table() -> Msdos:
    return mkmsdos(mkimg(GiB(4)))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def table_of_mounts() -> None:
    fstab(system(), by="partlabel")  # E: partitions of an MBR have no labels
