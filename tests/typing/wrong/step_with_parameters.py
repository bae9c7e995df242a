# header: imports

size = option(GiB(4), help="Size of the image.")


@step  # M: Argument 1 to "step" has incompatible type "Callable[[Size], Disk]";  # e: the step disk has parameters
def disk(size: Size) -> Disk:
    return mkimg(size)
