# header: table


@step
def root() -> Mounted[Vfat]:
    return mount(mkext4(mkpart(table())))  # M: Argument 1 to "mount" has incompatible type "Ext4"; expected "Vfat"
