# header: imports


@step()  # M: Missing positional argument "function" in call to "step"  # e: TypeError
def disk() -> Disk:
    return mkimg(GiB(4))
