# header: table


def table() -> None:  # M: Name "table" already defined  # e: has the name table already
    print("of contents")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))  # e: mkpart() takes Gpt | Msdos | Extended as table, not NoneType
