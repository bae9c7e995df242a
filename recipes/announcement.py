"""The example of vmdb2's first announcement: one ext4, booted by a BIOS, with a serial console.

As there, anybody can log in as root on the console: the password is empty.
"""

from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Mounted,
    Msdos,
    RootFs,
    Suite,
    apt,
    chroot,
    debootstrap,
    fstab,
    grub_bios,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    option,
    step,
)

suite = option(Suite("bookworm"), help="Release of Debian.")


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Msdos:
    return mkmsdos(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), flags=("boot",))))


@step
def system() -> RootFs:
    return debootstrap(root(), suite=suite())


@step
def packages() -> None:
    apt(system(), "linux-image-cloud-amd64", "grub-pc")


@step
def customize() -> None:
    chroot(
        system(),
        """
        sed -i '/^root:[^:]*:/s//root::/' /etc/passwd
        echo pc-vmdb2 > /etc/hostname
        """,
    )


@step
def mounts() -> None:
    fstab(system())


@step
def boot_loader() -> None:
    grub_bios(system(), console="serial")
