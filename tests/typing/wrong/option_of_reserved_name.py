# header: imports

output = option("disk.img", help="Name of the image.")  # E: the option output has a name that vmdsl itself uses


@step
def disk() -> Disk:
    return mkimg(GiB(4))
