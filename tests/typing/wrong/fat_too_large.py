# header: table


@step
def small() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(300)), fat=12)  # E: FAT12 takes
