# header: raw


@step
def write() -> None:
    write_at(raw(), b"xx", offset=MiB(1) - Size(1))  # E: there is room up to byte
