# header: raw


@step
def write() -> None:
    write_at(raw(), b"", offset=MiB(0))  # E: no bytes to write
    write_at(disk(), b"x", offset=MiB(2))
