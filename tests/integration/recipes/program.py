"""A program of the system follows a symlink."""

from pathlib import Path

from vmdsl import (
    Ext4,
    GiB,
    Mounted,
    RootFs,
    chroot,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    option,
    step,
    system_from,
)

base = option(Path(__file__), help="Tarball of the system.")
canary = option(Path("/"), help="A file of the machine that builds.")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(GiB(1))))))


@step
def system() -> RootFs:
    return system_from(root(), base(), suite="bookworm")


@step
def program() -> None:
    chroot(
        system(),
        f"""
        ischroot
        ln -s /proc/1/root{canary()} /etc/link
        ! cat /etc/link
        ! sh -c 'echo dead >>/etc/link'
        ! cat /proc/1/environ
        ! ls /proc/1/cwd/
        """,
    )
