# header: raw


@step
def write() -> None:
    image_shell(table(), "true", partitions=(raw(),))  # M: expected "Disk"  # e: image_shell() takes Disk as disk, not Gpt
