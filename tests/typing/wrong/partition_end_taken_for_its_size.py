# header: imports


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4)))


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(512), type="esp"))


@step
def root() -> Mounted[Ext4]:
    part = mkpart(table(), end=MiB(500))  # E: its end, 500 MiB, is not behind its start, 513 MiB
    return mount(mkext4(part))
