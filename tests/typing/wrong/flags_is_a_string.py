# header: mbr


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), flags=("boot"))))  # M: Argument "flags" to "mkpart" has incompatible type "str"; expected  # e: a partition of this table cannot have the flag 'b'
