# header: raw


@step
def write() -> None:
    image_shell(disk(), "true", partitions=raw())  # M: expected "Sequence[Partition]" # e: one partition
