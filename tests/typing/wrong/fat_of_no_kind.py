from vmdsl import Disk, GiB, Gpt, Vfat, mkgpt, mkimg, mkpart, mkvfat, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def data() -> Vfat:
    return mkvfat(mkpart(table()), fat=64)  # E: there is no FAT64
