# header: table


@step
def root() -> Partition:
    return mkpart(table())


@step
def mounts() -> None:
    mount(root())  # M: mount() does not take Partition  # e: mount() takes Mountable | Subvolume as filesystem, not Partition
