# header: raw


@step
def write() -> None:
    write_at(disk(), b"x" * 1024, offset=MiB(8) - KiB(1) + KiB(0.5))  # E: where the partition root
    write_at(raw(), b"x", offset=MiB(0))
