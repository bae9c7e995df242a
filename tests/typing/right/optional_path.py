"""A path that need not be given."""

from pathlib import Path

from vmdsl import (
    Ext4,
    Fact,
    GiB,
    Mounted,
    Option,
    RootFs,
    cache_rootfs,
    copy_file,
    debootstrap,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    optional_path,
    step,
    unpack_rootfs,
)

tarball: Option[Path | None] = optional_path(help="Where the system is kept.")
motd = optional_path(help="A message.")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(GiB(4))))))


@step
def unpacked() -> Fact:
    return unpack_rootfs(root(), tarball())


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", unless=unpacked())


@step
def keep() -> None:
    cache_rootfs(system(), tarball(), unless=unpacked())


@step
def message() -> None:
    if (file := motd()) is not None:
        copy_file(system(), file, "/etc/motd")
