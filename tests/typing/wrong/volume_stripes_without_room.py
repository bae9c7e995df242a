# header: table


@step
def group() -> VolumeGroup:
    return mkvg(mkpart(table(), size=MiB(200)), mkpart(table(), size=GiB(3)), name="vg0")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mklv(group(), size=GiB(1), stripes=2)))  # E: too few devices of the volume group vg0 have 512 MiB left for its stripes
