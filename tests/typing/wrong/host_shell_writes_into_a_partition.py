# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(2))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(disk()))))


@step
def loader() -> None:
    pieces = "dd if=first of=$IMAGE seek=64\ndd if=u-boot.itb of=$IMAGE bs=1M seek=8 conv=notrunc"
    host_shell(root(), pieces, image=disk())  # E: the bytes of u-boot.itb are where the partition root
