from vmdsl import Disk, GiB, Gpt, Swap, mkgpt, mkimg, mkpart, mkswap, mount, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def swap() -> Swap:
    return mkswap(mkpart(table(), type="swap"))


@step
def mounts() -> None:
    mount(swap())  # M: Value of type variable "_M" of "mount" cannot be "Swap"
