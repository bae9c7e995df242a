# header: table


@step
def data() -> Xfs:
    return mkxfs(mkpart(table()), label="my data")  # E: has a space
