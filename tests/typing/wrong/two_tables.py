from vmdsl import Disk, GiB, Gpt, Msdos, mkgpt, mkimg, mkmsdos, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def compatible() -> Msdos:
    return mkmsdos(disk())  # E: a second partition table on disk
