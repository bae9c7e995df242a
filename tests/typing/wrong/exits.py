# header: imports

import sys


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def key() -> None:
    sys.exit("no key")  # E: SystemExit: no key
