# header: table


@step
def data() -> Partition:
    return mkpart(table())


@step
def group() -> VolumeGroup:
    return mkvg(data())


@step
def root() -> Ext4:
    return mkext4(mklv(group(), size=GiB(4)))  # E: it takes 4 GiB, and the volume group group has 4092 MiB left
