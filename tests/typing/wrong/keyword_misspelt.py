# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), sise=GiB(2))))  # M: Unexpected keyword argument "sise" for "mkpart"  # e: TypeError
