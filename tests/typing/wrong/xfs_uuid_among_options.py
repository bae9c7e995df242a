# header: table


@step
def data() -> Xfs:
    return mkxfs(mkpart(table()), options=("-m", "uuid=random"))  # E: mkfs.xfs's option uuid= among the options
