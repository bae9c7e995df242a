# header: table


@step
def data() -> Ext4:
    return mkext4(mkpart(table()), options=("-E", "offset=1048576"))  # E: offset= among the options
