from vmdsl import Ext4, GiB, Gpt, Partition, VolumeGroup, mkext4, mkgpt, mkimg, mklv, mkpart, mkvg, step


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4)))


@step
def data() -> Partition:
    return mkpart(table())


@step
def group() -> VolumeGroup:
    return mkvg(data())


@step
def root() -> Ext4:
    return mkext4(mklv(group(), size=GiB(4)))  # E: it takes 4 GiB, and the volume group group has 4092 MiB left
