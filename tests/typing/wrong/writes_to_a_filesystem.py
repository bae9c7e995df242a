# header: raw


@step
def write() -> None:
    write_at(root(), b"x", offset=MiB(0))  # M: expected "Disk | Partition"  # e: write_at() takes Disk | Partition as place, not Mounted[
    write_at(raw(), b"x", offset=MiB(0))
