# header: table


@step
def data() -> Partition:
    return mkpart(table())


@step
def group() -> VolumeGroup:
    return mkvg(data())


@step
def root() -> Ext4:
    return mkext4(group())  # M: "VolumeGroup"; expected "Partition | Luks | LogicalVolume"  # e: mkext4() takes BlockDevice as device, not VolumeGroup
