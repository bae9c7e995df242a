# header: imports


@step
def disk() -> Disk:
    return mkimg(Size(1_000_000))  # E: an image of 1000000 B
