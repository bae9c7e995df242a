from vmdsl import Disk, GiB, mkimg, step


@step
def disk() -> Disk  # M: Expected `:`, found newline  # e: syntax error
    return mkimg(GiB(4))
