# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    mount(root())  # E: the step root is called above the line where it stands
    return mkgpt(disk())


@step
def root() -> Ext4:
    return mkext4(mkpart(table()))
