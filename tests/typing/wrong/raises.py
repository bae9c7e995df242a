# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def key() -> None:
    raise ValueError("no key")  # E: ValueError: no key
