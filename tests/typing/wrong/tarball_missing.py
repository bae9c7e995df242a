"""A tarball that isn't there."""

from vmdsl import (
    Ext4,
    GiB,
    Mounted,
    RootFs,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    step,
    system_from,
)


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(GiB(4))))))


@step
def system() -> RootFs:
    return system_from(root(), "rootfs.tar", suite="trixie")  # E: there is no file rootfs.tar
