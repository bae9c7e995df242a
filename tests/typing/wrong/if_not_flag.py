# header: imports

uefi = flag(default=True, help="Boot with UEFI.")


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt | Msdos:
    return mkgpt(disk()) if not uefi else mkmsdos(disk())  # M: "if_not_flag.uefi" has type "Flag" which does not implement __bool__ or  # e: this is always true, whatever its value
