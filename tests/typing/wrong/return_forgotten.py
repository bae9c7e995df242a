# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:  # M: Missing return statement
    mkgpt(disk())
