from vmdsl import Ext4, GiB, Gpt, Partition, mkext4, mkgpt, mkimg, mklv, mkpart, mkvg, step


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4)))


@step
def data() -> Partition:
    return mkpart(table())


@step
def root() -> Ext4:
    return mkext4(mklv(mkvg(mkext4(data()))))  # M: "mkvg" has incompatible type "Ext4"; expected "Partition | Luks"
