from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    Mounted,
    RootFs,
    apt,
    debootstrap,
    grub_uefi,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
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
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def boot() -> None:
    apt(system(), "linux-image-amd64", "grub-efi-amd64")
    grub_uefi(system(), root())  # M: Argument 2 to "grub_uefi" has incompatible type "Mounted[Ext4]"; expected  # e: firmware won't look at root, of the type linux
