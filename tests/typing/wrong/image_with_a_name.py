from vmdsl import Disk, GiB, mkimg, step


@step
def disk() -> Disk:
    return mkimg("server.img", size=GiB(4))  # M: "mkimg" gets multiple values for keyword argument "size"  # e: TypeError: mkimg() got multiple values for argument 'size'
