# header: table


@step
def data() -> Xfs:
    return mkxfs(mkpart(table(), size=MiB(299)))  # E: xfs takes 300 MiB at least
