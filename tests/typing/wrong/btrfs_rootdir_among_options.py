# header: table


@step
def data() -> Btrfs:
    return mkbtrfs(mkpart(table()), options=("--rootdir=/srv",))  # E: mkfs.btrfs may not be given --rootdir here
