from vmdsl import (  # e: ImportError
    Disk,
    GiB,
    mkimage,  # M: Module "vmdsl" has no attribute "mkimage"
    step,
)


@step
def disk() -> Disk:
    return mkimg(GiB(4))
