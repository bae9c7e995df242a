# header: imports


@step
def no_such_disk() -> Disk:
    return mkimg(GiB(1), sector=1000)  # E: a disk with sectors of 1000 bytes


@step
def half_a_sector() -> Disk:
    return mkimg(MiB(2) + sectors(1), sector=4096)  # E: an image of 2048.5 KiB


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4), sector=4096))


@step
def partitions() -> None:
    mkpart(table(), size=sectors(9))  # E: a partition of 4.5 KiB


@step
def place() -> None:
    mkpart(table(), start=sectors(2049))  # E: a partition that starts at 1024.5 KiB


@step
def blocks() -> Ext4:
    return mkext4(mkpart(table(), size=MiB(64)), block_size=1024)  # E: ext4 of 1024 bytes a block


@step
def blocks_by_an_option() -> Ext4:
    partition = mkpart(table(), size=MiB(64))
    return mkext4(partition, options=("-b", "1024"))  # E: ext4 of 1024 bytes a block


@step
def xfs() -> Xfs:
    partition = mkpart(table(), size=MiB(320))
    return mkxfs(partition, options=("-s", "size=512"))  # E: xfs of 512 bytes a block


@step
def fat() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(64)), cluster=512)  # E: vfat of 512 bytes a block
