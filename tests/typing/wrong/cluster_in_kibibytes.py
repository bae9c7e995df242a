# header: table


@step
def data() -> Vfat:
    return mkvfat(mkpart(table()), cluster=32)  # E: a cluster of 32 bytes
