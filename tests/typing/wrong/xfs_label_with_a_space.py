from vmdsl import Disk, GiB, Gpt, Xfs, mkgpt, mkimg, mkpart, mkxfs, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def data() -> Xfs:
    return mkxfs(mkpart(table()), label="my data")  # E: has a space
