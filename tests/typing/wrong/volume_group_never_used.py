# header: table


@step
def group() -> VolumeGroup:
    return mkvg(mkpart(table(), size=GiB(1)))  # E: this volume group has no volumes


@step
def volume() -> LogicalVolume:
    return mklv(mkvg(mkpart(table()), name="other"))  # E: this logical volume is never used
