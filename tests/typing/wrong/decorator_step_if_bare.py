from vmdsl import Disk, GiB, Gpt, mkgpt, mkimg, step, step_if


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step_if  # M: Argument 1 to "step_if" has incompatible type "Callable[[], Gpt]";
def table() -> Gpt:
    return mkgpt(disk())
