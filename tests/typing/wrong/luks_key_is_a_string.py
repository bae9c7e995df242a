# header: table


@step
def data() -> Partition:
    return mkpart(table())


@step
def crypt() -> Ext4:
    return mkext4(mkluks(data(), "hunter2"))  # M: "str"; expected "Secret"  # e: mkluks() takes Secret as key, not str
