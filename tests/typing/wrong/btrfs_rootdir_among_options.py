from vmdsl import Btrfs, Disk, GiB, Gpt, mkbtrfs, mkgpt, mkimg, mkpart, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def data() -> Btrfs:
    return mkbtrfs(mkpart(table()), options=("--rootdir=/srv",))  # E: mkfs.btrfs may not be given --rootdir here
