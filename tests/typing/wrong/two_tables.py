# header: table


@step
def compatible() -> Msdos:
    return mkmsdos(disk())  # E: a second partition table on disk
