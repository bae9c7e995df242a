"""A card with U-Boot for an Orange Pi Zero and its menu; the system beside it is for amd64."""

from pathlib import Path

from vmdsl import (
    Disk,
    Ext4,
    MiB,
    Mounted,
    Msdos,
    RootFs,
    apt,
    create_file,
    extlinux,
    fstab,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    option,
    step,
    system_file,
    system_from,
    write_at,
)
from vmdsl_stdlib import Board

tarball = option(Path("base.tar"), help="A minimal bookworm.")
mirror = option("", help="Where its packages come from.")

FOLDER = f"/usr/lib/u-boot/{Board.ORANGEPI_ZERO}"


@step
def disk() -> Disk:
    return mkimg(MiB(1024))


@step
def table() -> Msdos:
    return mkmsdos(disk())


@step
def boot() -> Ext4:
    return mkext4(mkpart(table(), start=MiB(16), size=MiB(64), flags=("boot",)))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def boot_of_root() -> Mounted[Ext4]:
    return mount(boot(), "/boot", on=root())


@step
def system() -> RootFs:
    return system_from(root(), tarball(), suite="bookworm")


@step
def packages() -> None:
    create_file(system(), "/etc/apt/sources.list", f"deb {mirror()} bookworm main\n")
    apt(system(), "u-boot-sunxi:armhf", "u-boot-menu", recommends=False)
    create_file(system(), "/boot/vmlinuz-9.9-armmp", "not a kernel")


@step
def loader() -> None:
    fstab(system())
    extlinux(system(), parameters=["panic=10"])
    for piece in Board.ORANGEPI_ZERO.family.pieces:
        assert piece.offset
        write_at(disk(), system_file(system(), f"{FOLDER}/{piece.file}"), offset=piece.offset)
