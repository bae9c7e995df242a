"""A file with the number that stands for no owner."""

from vmdsl import GiB, RootFs, create_file, debootstrap, mkext4, mkgpt, mkimg, mkpart, mount, step


@step
def system() -> RootFs:
    return debootstrap(mount(mkext4(mkpart(mkgpt(mkimg(GiB(4)))))), suite="trixie")


@step
def motd() -> None:
    create_file(system(), "/etc/motd", "Hello\n", uid=2**32 - 1)  # E: uid 4294967295 is no owner
