# header: table


@step
def data() -> Ext4:
    return mkext4(mkpart(table()), features=("^has_jornal",))  # E: features='has_jornal' is not known
