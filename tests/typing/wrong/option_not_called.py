# header: imports

size = option(GiB(4), help="Size of the image.")


@step
def disk() -> Disk:
    return mkimg(size)  # M: Argument 1 to "mkimg" has incompatible type "Option[Size]"; expected "Size | None"  # e: mkimg() takes Size | None as size, not Option
