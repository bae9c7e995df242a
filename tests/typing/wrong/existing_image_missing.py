# header: imports

"""An image that isn't there."""


@step
def disk() -> Disk:
    return mkimg(from_image="clouds.raw")  # E: there is no file clouds.raw
