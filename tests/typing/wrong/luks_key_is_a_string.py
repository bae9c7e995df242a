from vmdsl import Ext4, GiB, Gpt, Partition, mkext4, mkgpt, mkimg, mkluks, mkpart, step


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4)))


@step
def data() -> Partition:
    return mkpart(table())


@step
def crypt() -> Ext4:
    return mkext4(mkluks(data(), "hunter2"))  # M: "str"; expected "Secret"
