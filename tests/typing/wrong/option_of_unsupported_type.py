# header: imports

scale = option(1.5, help="How large.")  # M: option() does not take float  # e: the option scale is of the type float


@step
def disk() -> Disk:
    return mkimg(GiB(scale()))
