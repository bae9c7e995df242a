from vmdsl import Disk, GiB, Gpt, MiB, Xfs, mkgpt, mkimg, mkpart, mkxfs, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def data() -> Xfs:
    return mkxfs(mkpart(table(), size=MiB(299)))  # E: xfs takes 300 MiB at least
