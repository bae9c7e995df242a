"""What the calls in case files start from."""

from vmdsl import *
from vmdsl_stdlib import *


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(8)))


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(256), type="esp"))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=GiB(4))))


@step
def efi() -> Mounted[Vfat]:
    return mount(esp(), "/boot/efi", on=root())


@step
def srv() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=GiB(1))), "/srv", on=root())


@step
def data() -> Partition:
    return mkpart(table(), size=GiB(1))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")
