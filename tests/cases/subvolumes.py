"""What the calls in case files start from whose system is on a subvolume of Btrfs."""

from vmdsl import *


@step
def data() -> Btrfs:
    return mkbtrfs(mkpart(mkgpt(mkimg(GiB(4)))))


@step
def root() -> Mounted[Subvolume]:
    return mount(subvolume(data(), "@"), options=("compress=zstd:1", "noatime"))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")
