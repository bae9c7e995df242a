from shared_steps import big  # E: the flag big comes from another module

from vmdsl import Disk, GiB, mkimg, step_if


@step_if(big)
def disk() -> Disk:
    return mkimg(GiB(4))
