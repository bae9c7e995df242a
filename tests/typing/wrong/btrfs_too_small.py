# header: table


@step
def data() -> Btrfs:
    return mkbtrfs(mkpart(table(), size=MiB(64)))  # E: btrfs takes 110 MiB at least
