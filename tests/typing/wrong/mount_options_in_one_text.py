# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())), options="noatime")  # M: Argument "options" to "mount" has incompatible type "str"  # e: options= is one text
