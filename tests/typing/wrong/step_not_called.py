# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk)  # M: Argument 1 to "mkgpt" has incompatible type "Step[Disk]"; expected "Disk"  # e: mkgpt() takes Disk as disk, not Step
