"""A file that belongs to nobody."""

from vmdsl import GiB, RootFs, create_file, debootstrap, mkext4, mkgpt, mkimg, mkpart, mount, step


@step
def system() -> RootFs:
    return debootstrap(mount(mkext4(mkpart(mkgpt(mkimg(GiB(4)))))), suite="trixie")


@step
def motd() -> None:
    create_file(system(), "/etc/motd", "Hello\n", uid="")  # E: uid '' is no owner
