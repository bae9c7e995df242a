# header: raw


@step
def write() -> None:
    image_shell(disk(), " ", partitions=(raw(),))  # E: says nothing
