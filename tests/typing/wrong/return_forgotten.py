from vmdsl import Disk, GiB, Gpt, mkgpt, mkimg, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:  # M: Missing return statement
    mkgpt(disk())
