# header: table


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), end=Percent(101)))  # E: 101% is not between 0% and 100%
