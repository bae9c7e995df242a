# header: table


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), end=-sectors(1)))  # E: where the second copy of the GPT is
