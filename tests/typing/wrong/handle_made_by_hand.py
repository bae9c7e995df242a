# header: imports


@step
def disk() -> Disk:
    return Disk(size=GiB(4))  # E: Disk() makes a handle that the plan knows nothing of


@step
def root() -> Ext4:
    return mkext4(mkpart(mkgpt(disk())))
