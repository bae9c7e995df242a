from vmdsl import Disk, Ext4, GiB, Gpt, Mounted, chroot, mkext4, mkgpt, mkimg, mkpart, mount, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def setup() -> None:
    chroot(root(), "useradd -m user")  # M: Argument 1 to "chroot" has incompatible type "Mounted[Ext4]"; expected
