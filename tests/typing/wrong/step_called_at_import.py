# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(4))


table = mkgpt(disk())  # E: the step disk is called outside a step; put it into a function with @step
