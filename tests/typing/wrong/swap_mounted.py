# header: table


@step
def swap() -> Swap:
    return mkswap(mkpart(table(), type="swap"))


@step
def mounts() -> None:
    mount(swap())  # M: mount() does not take Swap  # e: mount() takes Mountable | Subvolume as filesystem, not Swap
