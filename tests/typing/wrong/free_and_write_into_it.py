# header: imports


@step
def table() -> Gpt:
    return mkgpt(mkimg(free=GiB(1)))


@step
def root() -> Ext4:
    return mkext4(mkpart(table()))


@step
def code() -> None:
    write_at(table().disk, b"code", offset=MiB(900))  # E: the bytes that it writes are where the partition root
    write_at(table().disk, b"code", offset=GiB(2))
