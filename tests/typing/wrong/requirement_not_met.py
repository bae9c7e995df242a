# header: imports

size = option(GiB(1), help="Size of the image.")


@step
def disk() -> Disk:
    require(size() >= GiB(2), "the system takes 2 GiB")  # E: the system takes 2 GiB
    return mkimg(size())
