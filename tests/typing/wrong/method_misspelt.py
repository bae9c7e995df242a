# header: imports

size = option(GiB(4), help="Size of the image.")


@step
def disk() -> Disk:
    return mkimg(size().byte)  # M: "Size" has no attribute "byte"; maybe "bytes"?  # e: AttributeError
