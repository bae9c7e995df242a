from vmdsl import Disk, Ext4, GiB, Gpt, Mounted, mkext4, mkgpt, mkimg, mkpart, mount, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), type="ext4")))  # M: Argument "type" to "mkpart" has incompatible type "Literal['ext4']";  # e: type='ext4' is not known
