# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(1))


@step
def table() -> Msdos:
    return mkmsdos(disk())


@step
def raw() -> Partition:
    return mkpart(table(), start=MiB(4), size=MiB(1))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), start=MiB(8))))


@step
def write() -> None:
    write_at(disk(), b"x" * 441, offset=MiB(0))  # E: where the partition table (MBR) is
    write_at(raw(), b"x", offset=MiB(0))
