# header: imports

size = option(GiB(4))  # M: Missing named argument "help" for "option"  # e: TypeError


@step
def disk() -> Disk:
    return mkimg(size())
