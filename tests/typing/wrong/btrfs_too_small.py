from vmdsl import Btrfs, Disk, GiB, Gpt, MiB, mkbtrfs, mkgpt, mkimg, mkpart, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def data() -> Btrfs:
    return mkbtrfs(mkpart(table(), size=MiB(64)))  # E: btrfs takes 110 MiB at least
