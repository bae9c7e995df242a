from vmdsl import GiB, Gpt, Luks, Partition, Secret, mkgpt, mkimg, mkluks, mkpart, step


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4)))


@step
def data() -> Partition:
    return mkpart(table())


@step
def crypt() -> Luks:
    return mkluks(data(), Secret.from_text("hunter2"))  # E: what is encrypted here is never used
