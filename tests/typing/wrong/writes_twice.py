# header: raw


@step
def write() -> None:
    write_at(disk(), b"x" * 1024, offset=KiB(32))
    write_at(disk(), b"x", offset=KiB(32) + Size(1023))  # E: where the bytes that it writes
    write_at(raw(), b"x", offset=MiB(0))
