# header: table


def data() -> Partition:  # E: each call of the function data makes another Partition
    return mkpart(table(), size=MiB(100))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def srv() -> Mounted[Ext4]:
    return mount(mkext4(data()), "/srv", on=root())


@step
def start() -> None:
    write_at(data(), b"x", offset=KiB(32))
