# header: imports


@step
def disk() -> Disk:
    return mkimg(4)  # M: Argument 1 to "mkimg" has incompatible type "int"; expected "Size | None"  # e: mkimg() takes Size | None as size, not int
