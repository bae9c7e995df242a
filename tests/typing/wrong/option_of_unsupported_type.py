# header: imports

scale = option(1.5, help="How large.")  # M: Value of type variable "_V" of "option" cannot be "float"  # e: the option scale is of the type float


@step
def disk() -> Disk:
    return mkimg(GiB(scale()))
