from vmdsl import Disk, Ext4, GiB, Gpt, MiB, Mounted, mkext4, mkgpt, mkimg, mkpart, mount, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=GiB(2))))


@step
def var() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(512))), "/var", on=root())


@step
def log() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())), "/var", on=root())  # E: is mounted at
