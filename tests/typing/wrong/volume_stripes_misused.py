# header: table


@step
def group() -> VolumeGroup:
    return mkvg(mkpart(table(), size=MiB(200)), mkpart(table(), size=MiB(900)), name="vg0")


@step
def three() -> Ext4:
    return mkext4(mklv(group(), size=MiB(100), stripes=3))  # E: a volume in 3 stripes, and its group has 2 devices


@step
def none() -> Ext4:
    return mkext4(mklv(group(), size=MiB(100), stripes=0))  # E: a volume in 0 stripes


@step
def odd() -> Ext4:
    return mkext4(mklv(group(), size=MiB(100), stripes=2, stripe_size=KiB(48)))  # E: stripes of 48 KiB


@step
def linear() -> Ext4:
    return mkext4(mklv(group(), size=MiB(100), stripe_size=KiB(64)))  # E: the size of stripes of a volume that has none


@step
def wide() -> Ext4:
    return mkext4(mklv(group(), size=MiB(100), stripes=2, stripe_size=MiB(8)))  # E: stripes of 8 MiB
