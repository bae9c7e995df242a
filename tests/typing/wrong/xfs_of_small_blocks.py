from vmdsl import Disk, GiB, Gpt, Xfs, mkgpt, mkimg, mkpart, mkxfs, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def data() -> Xfs:
    return mkxfs(mkpart(table()), options=("-b", "size=1024"))  # E: mkfs.xfs may not be given -b here
