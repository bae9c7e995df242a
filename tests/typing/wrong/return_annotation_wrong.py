# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Msdos:
    return mkgpt(disk())  # M: Incompatible return value type (got "Gpt", expected "Msdos")
