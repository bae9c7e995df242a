from vmdsl import Disk, GiB, Gpt, mkgpt, mkimg, step, step_if


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step_if(disk)  # M: Argument 1 to "step_if" has incompatible type "Step[Disk]"; expected
def table() -> Gpt:
    return mkgpt(disk())
