# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(dsik())  # M: Name "dsik" is not defined  # e: NameError
