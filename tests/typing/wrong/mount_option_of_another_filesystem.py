# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())), options=("noatime", "compress=zstd"))  # E: compress is a mount option of btrfs, not of ext4


@step
def archive() -> Mounted[Xfs]:
    return mount(mkxfs(mkpart(table(), size=MiB(300))), options=("errors=remount-ro",))  # E: errors is a mount option of
