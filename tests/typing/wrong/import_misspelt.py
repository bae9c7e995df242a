from vmdsl import Disk, GiB, mkimage, step  # M: Module "vmdsl" has no attribute "mkimage"; maybe "mkimg"?  # e: ImportError


@step
def disk() -> Disk:
    return mkimage(GiB(4))
