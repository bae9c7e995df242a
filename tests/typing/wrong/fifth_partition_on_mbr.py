from vmdsl import Disk, GiB, MiB, Msdos, mkext4, mkimg, mkmsdos, mkpart, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Msdos:
    return mkmsdos(disk())


@step
def parts() -> None:
    for _ in range(5):
        mkext4(mkpart(table(), size=MiB(256)))  # E: partition 5 on the MBR table
