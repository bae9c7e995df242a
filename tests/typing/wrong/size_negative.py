# header: imports

overhead = MiB(512)


@step
def disk() -> Disk:
    return mkimg(MiB(256) - overhead)  # E: an image of -256 MiB
