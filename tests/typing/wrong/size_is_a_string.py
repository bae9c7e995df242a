# header: imports


@step
def disk() -> Disk:
    return mkimg("4G")  # M: Argument 1 to "mkimg" has incompatible type "str"; expected "Size | None"  # e: mkimg() takes Size | None as size, not str
