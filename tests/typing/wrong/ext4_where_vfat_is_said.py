from vmdsl import Disk, GiB, Gpt, MiB, Vfat, mkext4, mkgpt, mkimg, mkpart, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def esp() -> Vfat:
    return mkext4(mkpart(table(), size=MiB(256), type="esp"))  # M: Incompatible return value type (got "Ext4", expected "Vfat")  # e: the EFI system partition esp is ext4
