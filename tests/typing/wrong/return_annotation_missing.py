# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step  # e: the step table doesn't say what it returns
def table():  # M: Function is missing a return type annotation
    return mkgpt(disk())
