from vmdsl import Disk, GiB, Gpt, Vfat, mkgpt, mkimg, mkpart, mkvfat, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def data() -> Vfat:
    return mkvfat(mkpart(table()), uuid="ed09e570-a448-5eae-8a35-3b7317a07202")  # E: is not the id of a FAT filesystem
