from vmdsl import Disk, GiB, mkimg, step


@step
def disk() -> Disk  # M: Expected  # e: syntax error
    return mkimg(GiB(4))
