# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step_if  # M: Argument 1 to "step_if" has incompatible type "Callable[[], Gpt]";
def table() -> Gpt:
    return mkgpt(disk())
