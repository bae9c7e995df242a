# header: imports

"""The last partition of the image is copied, and would have to grow."""


@step
def disk() -> Disk:
    return mkimg(GiB(2), from_image="cloud.raw")  # E: partition 1, the last of cloud.raw, would get another size
