from vmdsl import Disk, GiB, Gpt, Partition, mkgpt, mkimg, mkpart, mount, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Partition:
    return mkpart(table())


@step
def mounts() -> None:
    mount(root())  # M: Value of type variable "_M" of "mount" cannot be "Partition"
