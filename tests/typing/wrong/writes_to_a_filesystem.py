# header: raw


@step
def write() -> None:
    write_at(root(), b"x", offset=MiB(0))  # M: expected "Disk | Partition" # e: a disk or to a partition
    write_at(raw(), b"x", offset=MiB(0))
