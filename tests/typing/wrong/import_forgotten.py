from vmdsl import Disk, GiB, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))  # M: Name "mkimg" is not defined  # e: NameError
