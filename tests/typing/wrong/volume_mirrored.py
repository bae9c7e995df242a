# header: table


@step
def group() -> VolumeGroup:
    return mkvg(mkpart(table()), name="vg0")


@step
def root() -> Ext4:
    return mkext4(mklv(group(), size=GiB(1), mirrors=1))  # M: Unexpected keyword argument "mirrors" for "mklv"  # e: TypeError
