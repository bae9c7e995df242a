from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    MiB,
    Mounted,
    Vfat,
    flag,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mkvfat,
    mount,
    step,
    step_if,
)

uefi = flag(default=True, help="Boot with UEFI.")

@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step_if(uefi)
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(256), type="esp"))


@step
def efi() -> Mounted[Vfat]:
    return mount(esp(), "/boot/efi", on=root())  # M: Argument 1 to "mount" has incompatible type "Vfat | None"; expected "Vfat"
