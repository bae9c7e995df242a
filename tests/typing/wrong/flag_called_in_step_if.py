# header: imports

uefi = flag(default=True, help="Boot with UEFI.")


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step_if(uefi())  # M: Argument 1 to "step_if" has incompatible type "bool"; expected "Condition"  # e: the flag is read outside a step; put it into a function with @step
def table() -> Gpt:
    return mkgpt(disk())
