# header: table


@step
def data() -> F2fs:
    return mkf2fs(mkpart(table(), size=MiB(48)))  # E: f2fs takes 52 MiB at least
