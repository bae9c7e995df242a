# header: table


@step
def data() -> Vfat:
    return mkvfat(mkpart(table()), uuid="ed09e570-a448-5eae-8a35-3b7317a07202")  # E: is not the id of a FAT filesystem
