# header: imports


@step
def disk() -> Disk:
    return mkimg(TiB(90))


@step
def larger_than_files() -> Disk:
    return mkimg(TiB(10_000_000))  # E: an image of 10000000 TiB


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def small_fat16() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(8)), fat=16)  # E: FAT16 takes 8208 KiB at least, and the partition small_fat16 has 8 MiB


@step
def few_clusters() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(40)), cluster=16384)  # E: FAT16 with clusters of 16384 bytes takes 65360 KiB at least


@step
def many_clusters() -> Vfat:
    return mkvfat(mkpart(table(), size=GiB(200)), cluster=512)  # E: FAT32 with clusters of 512 bytes takes


@step
def large_fat12() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(300)), fat=12)  # E: FAT12 takes


@step
def large_fat16() -> Vfat:
    return mkvfat(mkpart(table(), size=GiB(5)), fat=16)  # E: FAT16 takes


@step
def large_fat32() -> Vfat:
    return mkvfat(mkpart(table(), size=TiB(3)))  # E: FAT32 takes 2 TiB at most, and the partition large_fat32 has 3 TiB


@step
def large_ext2() -> Ext2:
    return mkext2(mkpart(table(), size=TiB(17)))  # E: ext2 takes


@step
def large_ext4() -> Ext4:
    return mkext4(mkpart(table(), size=TiB(5)), features=("^64bit",), block_size=1024)  # E: ext4 takes


@step
def no_journal() -> Ext3:
    return mkext3(mkpart(table(), size=MiB(4)))  # E: ext3 takes 8 MiB at least


@step
def many_inodes() -> Ext4:
    return mkext4(mkpart(table(), size=MiB(100)), inodes=1_000_000)  # E: ext4 with 1000000 inodes takes


@step
def inodes_alone() -> Ext4:
    return mkext4(mkpart(table(), size=MiB(100)), bytes_per_inode=1024, inode_size=1024)  # E: an inode of 1024 bytes for each 1024 bytes leaves no room for files


@step
def large_swap() -> Swap:
    return mkswap(mkpart(table(), size=TiB(17)))  # E: swap takes 16 TiB at most


@step
def large_f2fs() -> F2fs:
    return mkf2fs(mkpart(table(), size=TiB(17)))  # E: f2fs takes 16 TiB at most
