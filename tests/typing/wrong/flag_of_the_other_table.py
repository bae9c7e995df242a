# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), flags=("boot",))))  # E: a partition of this table cannot have the flag 'boot'
