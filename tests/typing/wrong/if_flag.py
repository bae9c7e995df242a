# header: imports

uefi = flag(default=True, help="Boot with UEFI.")


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt | Msdos:
    if uefi:  # M: the flag uefi is not called, so it is always true  # e: this is always true, whatever its value
        return mkgpt(disk())
    return mkmsdos(disk())
