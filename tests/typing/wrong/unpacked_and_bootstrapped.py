"""A bootstrap that does not ask whether a tarball was unpacked."""

from vmdsl import (
    Ext4,
    Fact,
    GiB,
    Mounted,
    RootFs,
    debootstrap,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    step,
    unpack_rootfs,
)


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(GiB(4))))))


@step
def unpacked() -> Fact:
    return unpack_rootfs(root(), "rootfs.tar")


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")  # E: it would go into the system of the tarball
