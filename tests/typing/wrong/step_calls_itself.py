# header: imports


@step
def disk() -> Disk:
    return disk()  # E: the step disk calls itself
