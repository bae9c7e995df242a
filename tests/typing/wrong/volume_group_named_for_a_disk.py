# header: table


@step
def group() -> VolumeGroup:
    return mkvg(mkpart(table()), name="sda")  # E: a volume group cannot be named 'sda': /dev/sda is something else


@step
def root() -> Ext4:
    return mkext4(mklv(group()))
