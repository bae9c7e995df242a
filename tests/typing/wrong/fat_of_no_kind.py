# header: table


@step
def data() -> Vfat:
    return mkvfat(mkpart(table()), fat=64)  # E: there is no FAT64
