# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:  # M: Missing return statement
    mkgpt(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))  # e: mkpart() takes Gpt | Msdos | Extended as table, not NoneType
