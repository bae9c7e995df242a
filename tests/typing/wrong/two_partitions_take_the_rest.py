# header: table


@step
def first() -> Ext4:
    return mkext4(mkpart(table()))


@step
def second() -> Ext4:
    return mkext4(mkpart(table()))  # E: no room is left for it: it starts at 4095 MiB of 4095 MiB
