"""A tarball whose name doesn't say how it is compressed."""

from vmdsl import (
    Ext4,
    GiB,
    Mounted,
    RootFs,
    cache_rootfs,
    debootstrap,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    step,
)


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(GiB(4))))))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def keep() -> None:
    cache_rootfs(system(), "rootfs.tar.lzo")  # E: does not say how it is compressed
