# header: raw


@step
def write() -> None:
    write_at(raw(), b"x", offset=512)  # M: expected "Size" # e: bytes
