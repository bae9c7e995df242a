"""An image with files that filesystems get wrong, boot code in two places, swap, and an ESP."""

from pathlib import Path

from vmdsl import (
    Ext4,
    Gpt,
    KiB,
    MiB,
    Mounted,
    Partition,
    RootFs,
    Size,
    Swap,
    Vfat,
    fstab,
    host_shell,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mkswap,
    mkvfat,
    mount,
    option,
    step,
    system_from,
    write_at,
)

tarball = option(Path("base.tar"), help="The tarball of a minimal system.")


@step
def table() -> Gpt:
    return mkgpt(mkimg(MiB(800)))


@step
def boot_code() -> Partition:
    return mkpart(table(), size=MiB(1), type="bios-boot")


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(20), type="esp", label="efi"), label="ESP")


@step
def swap() -> Swap:
    return mkswap(mkpart(table(), size=MiB(10), type="swap"))


@step
def root() -> Mounted[Ext4]:
    place = mkpart(table(), type="root-amd64", flags=("grow-file-system", 50))
    return mount(mkext4(place, label="system", reserved=1))


@step
def system() -> RootFs:
    return system_from(root(), tarball(), suite="bookworm")


@step
def efi() -> Mounted[Vfat]:
    return mount(esp(), "/boot/efi", on=system())


@step
def files() -> None:
    host_shell(
        system(),
        r"""
        mkdir "$ROOT/srv/new" "$ROOT/boot/efi/EFI"
        python3 ../filesystems/nasty.py "$ROOT/srv/new" ext4
        echo configuration >"$ROOT/boot/efi/EFI/a long name.cfg"
        head -c 300000 /dev/zero | tr '\0' x >"$ROOT/boot/efi/EFI/BOOTX64.EFI"
        """,
    )


@step
def list_of_files() -> None:
    host_shell(system(), 'python3 ../filesystems/listing.py "$ROOT/srv" >"$ROOT/root/list"')


@step
def mounts() -> None:
    fstab(system())


@step
def codes() -> None:
    write_at(table().disk, b"boot code", offset=Size(0))
    write_at(table().disk, b"before partitions", offset=KiB(100))
    write_at(boot_code(), b"core image", offset=Size(512))
