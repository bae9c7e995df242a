# header: mbr


@step
def more() -> Extended:
    return mkextended(table())


@step
def root() -> Ext4:
    return mkext4(more())  # M: "mkext4" has incompatible type "Extended"  # e: mkext4() takes BlockDevice as device, not Extended
