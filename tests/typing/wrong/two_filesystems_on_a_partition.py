# header: table


@step
def part() -> Partition:
    return mkpart(table())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(part()))


@step
def swap() -> Swap:
    return mkswap(part())  # E: a second filesystem on the partition part: root
