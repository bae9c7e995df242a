"""What the calls in case files start from that are about boards."""

from uuid import UUID

from vmdsl import *
from vmdsl_stdlib import *


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(8)))


@step
def spl() -> Partition:
    kind = UUID("2E54B353-1271-4842-806F-E436D6AF6985")
    return mkpart(table(), start=MiB(16), size=MiB(2), type=kind)


@step
def u_boot() -> Partition:
    return mkpart(table(), size=MiB(4), type=UUID("5B193300-FC78-40CD-8002-E86C45580B47"))


@step
def boot() -> Ext4:
    return mkext4(mkpart(table(), size=GiB(1)))


@step
def root() -> Mounted[F2fs]:
    return mount(mkf2fs(mkpart(table(), size=GiB(4))))


@step
def mounted() -> Mounted[Ext4]:
    return mount(boot(), "/boot", on=root())


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", arch=Arch.RISCV64)


@step
def other() -> RootFs:
    return debootstrap(root(), suite="trixie", arch=Arch.ARM64)
