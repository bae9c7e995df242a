# header: table


@step
def group() -> VolumeGroup:
    return mkvg(mkpart(table()), name="vg0")


@step
def root() -> Swap:
    return mkswap(mklv(group(), size=GiB(1), name="data"))


@step
def swap() -> Swap:
    return mkswap(mklv(group(), name="data"))  # E: a second device in /dev/mapper with the name vg0-data: root
