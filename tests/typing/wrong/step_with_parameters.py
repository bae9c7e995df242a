# header: imports

size = option(GiB(4), help="Size of the image.")


@step  # e: the step disk has parameters
def disk(size: Size) -> Disk:  # M: the step has parameters
    return mkimg(size)
