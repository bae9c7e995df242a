# header: imports

options = [option(GiB(4), help="Size of the image.")]  # E: an option without a name


@step
def disk() -> Disk:
    return mkimg(options[0]())
