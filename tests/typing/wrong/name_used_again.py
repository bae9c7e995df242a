# header: imports

from typing import Any

size: Any = option(GiB(4), help="Size of the image.")
name = option("debian", help="Name of the machine.")


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def label() -> str:
    name = name()  # E: UnboundLocalError
    return str(name)


size = GiB(2)  # E: has the name size already
