from vmdsl import Ext4, GiB, Gpt, Mounted, RootFs, debootstrap, fstab, mkext4, mkgpt, mkimg, mkpart, mount, step


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4)))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def table_of_mounts() -> None:
    fstab(system(), extra="tmpfs /tmp tmpfs size=1G 0 0")  # E: extra= is one text
