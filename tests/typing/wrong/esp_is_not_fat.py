from vmdsl import Disk, Ext4, GiB, Gpt, mkext4, mkgpt, mkimg, mkpart, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def esp() -> Ext4:
    return mkext4(mkpart(table(), type="esp"))  # E: the EFI system partition esp is ext4
