from vmdsl import Disk, GiB, mkimage, step  # M: Module "vmdsl" has no attribute "mkimage"  # e: ImportError


@step
def disk() -> Disk:
    return mkimage(GiB(4))
