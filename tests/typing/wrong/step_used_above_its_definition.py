from vmdsl import Disk, GiB, Gpt, mkgpt, mkimg, step


@step
def table() -> Gpt:
    return mkgpt(disk())  # E: the step disk is called above the line where it stands


@step
def disk() -> Disk:
    return mkimg(GiB(4))
