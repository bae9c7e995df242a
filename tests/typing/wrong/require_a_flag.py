# header: imports

big = flag(default=True, help="Make it large.")


@step
def disk() -> Disk:
    require(big, "only large ones work")  # M: Argument 1 to "require" has incompatible type "Flag"; expected "bool"  # e: this is always true, whatever its value
    return mkimg(GiB(4))
