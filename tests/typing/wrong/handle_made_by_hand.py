from vmdsl import Disk, Ext4, GiB, mkext4, mkgpt, mkpart, step


@step
def disk() -> Disk:
    return Disk(size=GiB(4))  # E: Disk() makes a handle that the plan knows nothing of


@step
def root() -> Ext4:
    return mkext4(mkpart(mkgpt(disk())))
