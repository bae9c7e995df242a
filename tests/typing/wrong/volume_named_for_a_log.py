# header: table


@step
def group() -> VolumeGroup:
    return mkvg(mkpart(table()), name="vg0")


@step
def root() -> Ext4:
    return mkext4(mklv(group(), name="root_mlog"))  # E: the logical volume 'root_mlog': LVM keeps such names for itself


@step
def home() -> Ext4:
    return mkext4(mklv(group(), name="-x"))  # E: '-x' cannot be the name of the logical volume
