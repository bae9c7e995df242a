# header: imports


@step
def table() -> Gpt:
    return mkgpt(disk())  # E: the step disk is called above the line where it stands


@step
def disk() -> Disk:
    return mkimg(GiB(4))
