# header: table


@step
def home() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())), "/home")  # E: what /home is mounted on isn't given
