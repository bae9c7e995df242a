# header: imports

big = flag(default=True, help="Make it large.")


@step
def disk() -> Disk:
    require(big, "only large ones work")  # M: require() takes bool, and is given a flag that is not called  # e: this is always true, whatever its value
    return mkimg(GiB(4))
