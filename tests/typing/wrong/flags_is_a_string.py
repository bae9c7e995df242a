from vmdsl import Disk, Ext4, GiB, Mounted, Msdos, mkext4, mkimg, mkmsdos, mkpart, mount, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Msdos:
    return mkmsdos(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), flags=("boot"))))  # M: Argument "flags" to "mkpart" has incompatible type "str"; expected  # e: a partition of this table cannot have the flag 'b'
