"""The system of an image that is there, with a file more."""

from pathlib import Path

from vmdsl import (
    Disk,
    Ext4,
    MiB,
    Mounted,
    RootFs,
    Vfat,
    create_file,
    existing_filesystem,
    existing_system,
    flag,
    host_shell,
    mkimg,
    mount,
    option,
    step,
    step_if,
)

image = option(Path(__file__), help="The image.")
root_number = option(3, help="The number of the partition with the root filesystem.")
grows = flag(default=False, help="Make the image as large as its content needs.")
compare = flag(default=False, help="Compare the files with the list in /root.")


@step
def disk() -> Disk:
    return mkimg(free=MiB(200) if grows() else None, from_image=image())


@step
def root() -> Mounted[Ext4]:
    return mount(existing_filesystem(disk(), root_number(), Ext4))


@step
def system() -> RootFs:
    return existing_system(root())


@step
def efi() -> Mounted[Vfat]:
    return mount(existing_filesystem(disk(), 2, Vfat), "/boot/efi", on=system())


@step
def greeting() -> None:
    create_file(system(), "/etc/motd", "made from an image\n")


@step_if(compare)
def comparison() -> None:
    host_shell(
        system(),
        'python3 ../filesystems/listing.py "$ROOT/srv" | diff "$ROOT/root/list" - >&2',
    )
