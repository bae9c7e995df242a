# header: table


@step
def swap() -> Swap:
    return mkswap(mkpart(table(), type="swap"))


@step
def mounts() -> None:
    mount(swap())  # M: Value of type variable "_M" of "mount" cannot be "Swap"  # e: mount() takes Mountable as filesystem, not Swap
