# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=GiB(2))))


@step
def var() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(512))), "/var", on=root())


@step
def log() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())), "/var", on=root())  # E: is mounted at
