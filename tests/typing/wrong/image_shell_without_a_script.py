# header: raw


@step
def write() -> None:
    image_shell(disk(), " ", partitions=(raw(),))  # E: an empty shell script
