# header: table


@step
def first() -> Ext4:
    return mkext4(mkpart(table(), size=GiB(3)))


@step
def second() -> Ext4:
    return mkext4(mkpart(table(), size=GiB(2)))  # E: it ends at 5121 MiB and does not fit: there is room up to 4095 MiB
