# header: table


@step
def root() -> Ext4:
    return mkext4(mkpart(mkextended(table())))  # M: "mkextended" has incompatible type "Gpt"; expected "Msdos"  # e: mkextended() takes Msdos as table, not Gpt
