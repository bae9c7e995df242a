# header: table


@step
def group() -> VolumeGroup:
    return mkvg(mkpart(table()), extent=MiB(3))  # E: a volume group with extents of 3 MiB


@step
def root() -> Ext4:
    return mkext4(mklv(group()))
