# header: table


@step
def data() -> Ext4:
    return mkext4(mkpart(table()), reserved=90)  # E: 90 percent of the blocks reserved
