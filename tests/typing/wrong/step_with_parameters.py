# header: imports

size = option(GiB(4), help="Size of the image.")


@step  # e: the step disk has parameters
def disk(size: Size) -> Disk:  # M: Argument 1 to "step" has incompatible type "Callable[[Size], Disk]";
    return mkimg(size)
