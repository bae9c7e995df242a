# header: table


@step
def data() -> Ext4:
    return mkext4(mkpart(table()), features="^has_journal")  # M: incompatible type "str"  # e: features as one text
