# header: table


@step
def data() -> Ext4:
    return mkext4(mkpart(table()), options=("-U", "random"))  # E: mke2fs may not be given -U here
