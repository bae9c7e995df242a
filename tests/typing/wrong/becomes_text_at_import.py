# header: imports

name = option("debian", help="Name of the machine.")
greeting = f"Welcome to {name}\n"  # E: the option cannot become text


@step
def disk() -> Disk:
    return mkimg(GiB(4))
