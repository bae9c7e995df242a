# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())), options=("noatime,discard",))  # E: 'noatime,discard' is not a mount option
