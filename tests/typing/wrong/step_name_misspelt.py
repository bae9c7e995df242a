# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def tabel() -> Gpt:
    return mkgpt(disk())


@step
def boot() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(512))), "/boot", on=root())  # M: Name "table" is not defined; did you mean "tabel"?  # M: Name "root" is not defined  # e: NameError


@step
def home() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())), "/home", on=root())  # e: NameError
