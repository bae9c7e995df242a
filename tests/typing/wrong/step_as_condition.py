# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step_if(disk)  # M: Argument 1 to "step_if" has incompatible type "Step[Disk]"; expected
def table() -> Gpt:
    return mkgpt(disk())
