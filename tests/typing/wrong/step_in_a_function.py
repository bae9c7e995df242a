# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(4))


def partitions() -> None:
    @step  # E: the step table stands inside a function
    def table() -> Gpt:
        return mkgpt(disk())


partitions()
