# header: imports

uefi = flag(default=True, help="Boot with UEFI.")
serial = flag(default=True, help="Log in on the serial port.")


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step_if(uefi and not serial)  # M: Argument 1 to "step_if" has incompatible type "Flag | bool"; expected  # e: this is always true, whatever its value
def table() -> Gpt:
    return mkgpt(disk())
