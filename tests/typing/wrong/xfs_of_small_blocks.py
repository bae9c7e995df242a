# header: table


@step
def data() -> Xfs:
    return mkxfs(mkpart(table()), options=("-b", "size=1024"))  # E: mkfs.xfs may not be given -b here
