from vmdsl import Disk, GiB, Gpt, Vfat, mkgpt, mkimg, mkpart, mkvfat, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), type="esp"), label="EFI system partition")  # E: the label 'EFI system partition' is too long
