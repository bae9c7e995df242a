# header: imports


@step
def group() -> VolumeGroup:
    return mkvg(mkpart(mkgpt(mkimg(free=GiB(1)))))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mklv(group())))


@step
def home() -> Mounted[Ext4]:
    home = mkext4(mklv(group(), size=Percent(30)))  # E: 30% of the volume group group, which grows with its content
    return mount(home, "/home", on=root())
