from vmdsl import Disk, GiB, Gpt, Vfat, mkgpt, mkimg, mkpart, mkvfat, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def data() -> Vfat:
    return mkvfat(mkpart(table()), cluster=32)  # E: a cluster of 32 bytes
