"""What the calls in case files start from that are about a Raspberry Pi."""

from vmdsl import *
from vmdsl_stdlib import *


@step
def table() -> Msdos:
    return mkmsdos(mkimg(GiB(4)))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), start=MiB(512)), label="RASPIROOT"))
