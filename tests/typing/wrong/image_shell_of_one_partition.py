# header: raw


@step
def write() -> None:
    image_shell(disk(), "true", partitions=raw())  # M: expected "Sequence[Partition]"  # e: image_shell() takes Sequence[Partition] as partitions, not Partition
