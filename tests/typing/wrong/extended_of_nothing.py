# header: mbr


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), size=GiB(1)))


@step
def more() -> Extended:
    return mkextended(table())  # E: this extended partition holds no others
