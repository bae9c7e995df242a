from vmdsl import Ext4, GiB, Gpt, Mounted, mkext4, mkgpt, mkimg, mkpart, mount, step


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4)))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())), options="noatime")  # M: Argument "options" to "mount" has incompatible type "str"  # e: options= is one text
