from vmdsl import Disk, Ext4, GiB, Gpt, MiB, Mounted, mkext4, mkgpt, mkimg, mkpart, mount, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def srv() -> None:
    data = mkext4(mkpart(table(), size=MiB(512)))
    mount(data, "/srv", on=root())
    mount(data, "/data", on=root())  # E: srv is at /srv already
