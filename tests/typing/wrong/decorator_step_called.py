# header: imports


@step()  # M: Missing positional argument "function" in call to "step"  # M: Too many arguments for "__call__" of "Step"  # e: TypeError
def disk() -> Disk:
    return mkimg(GiB(4))
