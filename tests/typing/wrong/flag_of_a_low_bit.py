# header: table


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), flags=(47,)))  # E: a partition of this table cannot have the flag 47
