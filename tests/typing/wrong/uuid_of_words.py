# header: table


@step
def data() -> Ext4:
    return mkext4(mkpart(table()), uuid="random")  # E: 'random' is not a UUID
