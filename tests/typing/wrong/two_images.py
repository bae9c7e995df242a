# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def data() -> Disk:
    return mkimg(GiB(1))  # E: a second image beside disk
