# header: table


@step
def first() -> Ext4:
    return mkext4(mkpart(table(), size=GiB(4) - MiB(2)))


@step
def second() -> Ext4:
    return mkext4(mkpart(table()))  # E: no room is left for it: it starts at 4095 MiB of 4095 MiB
