# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), type="ext4")))  # M: Argument "type" to "mkpart" has incompatible type "Literal['ext4']";  # e: type='ext4' is not known
