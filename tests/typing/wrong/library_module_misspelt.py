from vmdsl import Disk, GiB, mkimg, step
from vmdsl_stdlib.netwrk import set_hostname  # M: module named "vmdsl_stdlib.netwrk"  # e: ModuleNotFoundError


@step
def disk() -> Disk:
    return mkimg(GiB(4))
