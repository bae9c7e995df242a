# header: raw


@step
def write() -> None:
    write_at(raw(), b"x", offset=512)  # M: expected "Size"  # e: write_at() takes Size as offset, not int
