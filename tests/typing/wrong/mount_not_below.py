# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=GiB(2))))


@step
def boot() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(512))), "/boot", on=root())


@step
def srv() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())), "/srv", on=boot())  # E: /srv is not below /boot, which it is mounted on
