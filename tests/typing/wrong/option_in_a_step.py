# header: imports


@step
def disk() -> Disk:
    size = option(GiB(4), help="Size of the image.")
    return mkimg(size())  # E: an option is read that this recipe does not declare
