# header: imports

"""An image has one size, or grows."""


@step
def disk() -> Disk:
    return mkimg(GiB(2), free=GiB(1), from_image="cloud.raw")  # E: an image with both a size and free=
