# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgtp(disk())  # M: Name "mkgtp" is not defined  # e: NameError
