# header: table


@step
def root() -> Partition:
    return mkpart(table())


@step
def mounts() -> None:
    mount(root())  # M: Value of type variable "_M" of "mount" cannot be "Partition"  # e: mount() takes Mountable as filesystem, not Partition
