# header: table


@step
def data() -> Partition:
    return mkpart(table())


@step
def root() -> Ext4:
    return mkext4(mklv(mkvg(data())))


@step
def home() -> Ext4:
    return mkext4(data())  # E: data is in use already: root
