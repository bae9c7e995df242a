# header: imports

"""An image says itself what its sectors are."""


@step
def disk() -> Disk:
    return mkimg(from_image="cloud.raw", sector=4096)  # E: both from_image= and sector=
