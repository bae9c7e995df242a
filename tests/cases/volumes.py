"""What the calls in case files start from whose system is on LVM."""

from vmdsl import *


@step
def root() -> Mounted[Ext4]:
    table = mkgpt(mkimg(GiB(4)))
    group = mkvg(mkpart(table, size=GiB(1)), mkpart(table), name="vg-0")
    return mount(mkext4(mklv(group, size=GiB(2), name="root")))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")
