# header: table

UUID = "ed09e570-a448-5eae-8a35-3b7317a07202"


@step
def data() -> Ext4:
    return mkext4(mkpart(table(), size=GiB(1)), uuid=UUID)


@step
def swap() -> Swap:
    return mkswap(mkpart(table(), type="swap"), uuid=UUID.upper())  # E: has the UUID ed09e570-a448-5eae-8a35-3b7317a07202 already
