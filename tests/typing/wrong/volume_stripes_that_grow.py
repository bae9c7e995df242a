# header: imports


@step
def group() -> VolumeGroup:
    table = mkgpt(mkimg(free=GiB(1)))
    return mkvg(mkpart(table, size=GiB(1)), mkpart(table), name="vg0")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mklv(group(), stripes=2)))  # E: stripes in the volume group vg0, which grows with its content
