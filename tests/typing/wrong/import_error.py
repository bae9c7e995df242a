import vmdsl_acme  # M: Cannot find implementation or library stub for module named "vmdsl_acme"  # e: ModuleNotFoundError

from vmdsl import Disk, GiB, mkimg, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))
