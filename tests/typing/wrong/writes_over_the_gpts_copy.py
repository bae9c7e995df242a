# header: raw


@step
def write() -> None:
    write_at(disk(), b"x", offset=GiB(1) - KiB(16))  # E: where the copy of the partition table
    write_at(raw(), b"x", offset=MiB(0))
