# header: table


@step
def data() -> Ext4:
    return mkext4(mkpart(table()), options="-m 1")  # M: incompatible type "str"  # e: options as one text
