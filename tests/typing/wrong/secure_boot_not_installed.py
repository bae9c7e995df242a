from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    MiB,
    Mounted,
    RootFs,
    Vfat,
    apt,
    debootstrap,
    grub_uefi,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mkvfat,
    mount,
    step,
)


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(256), type="esp"))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def boot() -> None:
    apt(system(), "linux-image-amd64", "grub-efi-amd64")
    grub_uefi(system(), mount(esp(), "/boot/efi", on=root()), secure_boot=True)  # E: no step above installs shim-signed  # E: no step above installs grub-efi-amd64-signed
