"""What the calls in case files start from that mount a root on Btrfs."""

from vmdsl import *
from vmdsl_stdlib import *


@step
def data() -> Btrfs:
    return mkbtrfs(mkpart(mkgpt(mkimg(GiB(4)))))
