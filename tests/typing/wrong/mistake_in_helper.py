# header: imports

from shared_functions import format_all


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def parts() -> None:
    format_all(mkgpt(disk()))  # e: mkvfat() takes str as label, not int
