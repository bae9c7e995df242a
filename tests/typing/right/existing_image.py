"""A system of an image that is there, with more room, a package, and its EFI system partition."""

from pathlib import Path

from vmdsl import (
    Disk,
    Ext2,
    GiB,
    Mounted,
    RootFs,
    Vfat,
    apt,
    existing_filesystem,
    existing_system,
    mkimg,
    mount,
    step,
)

CLOUD = Path("../wrong/cloud.raw")


@step
def disk() -> Disk:
    return mkimg(GiB(2), from_image=CLOUD)


@step
def root() -> Mounted[Ext2]:
    return mount(existing_filesystem(disk(), 1, Ext2))


@step
def system() -> RootFs:
    return existing_system(root())


@step
def efi() -> Mounted[Vfat]:
    return mount(existing_filesystem(disk(), 15, Vfat), "/boot/efi", on=system())


@step
def packages() -> None:
    apt(system(), "nginx-light")
