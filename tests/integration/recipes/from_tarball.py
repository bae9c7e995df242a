"""A system from a tarball, and its tarball again."""

from pathlib import Path

from vmdsl import (
    Ext4,
    GiB,
    Mounted,
    RootFs,
    cache_rootfs,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    option,
    step,
    system_from,
)

tarball = option(Path(__file__), help="The tarball.")
copy = option(Path("copy.tar"), help="The tarball that is written.")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(GiB(1))))))


@step
def system() -> RootFs:
    return system_from(root(), tarball(), suite="bookworm")


@step
def keep() -> None:
    cache_rootfs(system(), copy())
