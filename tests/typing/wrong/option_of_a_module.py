import shared_steps

from vmdsl import Disk, mkimg, step


@step
def disk() -> Disk:
    return mkimg(shared_steps.size())  # E: an option is read that this recipe does not declare
