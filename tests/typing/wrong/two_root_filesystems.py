# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=GiB(2))))


@step
def home() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))  # E: is mounted at
