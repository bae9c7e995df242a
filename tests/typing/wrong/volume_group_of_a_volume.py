# header: table


@step
def data() -> Partition:
    return mkpart(table())


@step
def group() -> VolumeGroup:
    return mkvg(data())


@step
def root() -> Ext4:
    return mkext4(mklv(mkvg(mklv(group()))))  # M: "mkvg" has incompatible type "LogicalVolume"  # e: mkvg() takes Partition | Luks as devices, not LogicalVolume
