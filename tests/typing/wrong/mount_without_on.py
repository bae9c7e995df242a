from vmdsl import Disk, Ext4, GiB, Gpt, Mounted, mkext4, mkgpt, mkimg, mkpart, mount, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def home() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())), "/home")  # E: what /home is mounted on isn't given
