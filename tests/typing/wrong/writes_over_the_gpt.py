# header: raw


@step
def write() -> None:
    write_at(disk(), b"x" * 512, offset=KiB(8))  # E: where the partition table (GPT) is
    write_at(raw(), b"x", offset=MiB(0))
