# header: table


@step
def data() -> Ext4:
    return mkext4(mkpart(table()), label="a\nb")  # E: has characters that cannot be printed
