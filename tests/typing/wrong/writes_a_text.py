# header: raw


@step
def write() -> None:
    write_at(raw(), "u-boot.bin", offset=MiB(0))  # M: expected "bytes | Path | SystemFile" # e: is a text
