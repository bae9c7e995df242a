from vmdsl import Ext4, GiB, Gpt, Partition, VolumeGroup, mkext4, mkgpt, mkimg, mkpart, mkvg, step


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
    return mkext4(group())  # M: "VolumeGroup"; expected "Partition | Luks | LogicalVolume"
