@step
def disk() -> Disk:
    return mkimg(GiB(1))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def raw() -> Partition:
    return mkpart(table(), start=MiB(4), size=MiB(1))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), start=MiB(8))))
