# header: imports

size = option(GiB(4), help="Size of the image.")


@step
def disk() -> Disk:
    return mkimg(size)  # M: mkimg() takes Size | None, and is given an option that is not called  # e: mkimg() takes Size | None as size, not Option
