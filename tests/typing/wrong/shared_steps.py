"""Steps and options that recipes in this folder wrongly import."""

from vmdsl import Disk, GiB, flag, mkimg, option, step

size = option(GiB(4), help="Size of the image.")
big = flag(default=True, help="Make it large.")


@step
def disk() -> Disk:
    return mkimg(GiB(4))
