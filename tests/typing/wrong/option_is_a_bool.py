# header: imports

big = option(True, help="Make it large.")  # E: the option big is on or off


@step
def disk() -> Disk:
    return mkimg(GiB(8) if big() else GiB(4))
