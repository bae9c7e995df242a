# header: imports

uefi = flag(default=True, help="Boot with UEFI.")


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt | Msdos:
    if uefi:  # M: "if_flag.uefi" has type "Flag" which does not implement __bool__ or  # e: this is always true, whatever its value
        return mkgpt(disk())
    return mkmsdos(disk())
