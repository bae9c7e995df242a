# header: table


@step
def data() -> Partition:
    return mkpart(table())


@step
def root() -> Ext4:
    return mkext4(mklv(mkvg(mkext4(data()))))  # M: "mkvg" has incompatible type "Ext4"; expected "Partition | Luks"  # e: mkvg() takes Partition | Luks as devices, not Ext4
