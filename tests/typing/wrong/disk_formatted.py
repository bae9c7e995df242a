# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def root() -> Ext4:
    return mkext4(disk())  # M: Argument 1 to "mkext4" has incompatible type "Disk"; expected "Partition | Luks | LogicalVolume"  # e: mkext4() takes BlockDevice as device, not Disk
