# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=GiB(1))))


@step
def home() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())), on=root())  # E: the root filesystem is mounted on nothing
