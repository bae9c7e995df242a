# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk)  # M: mkgpt() takes Disk, and is given a step that is not called  # e: mkgpt() takes Disk as disk, not Step
