# header: table


@step
def data() -> Partition:
    return mkpart(table())


@step
def crypt() -> Luks:
    return mkluks(data(), Secret.from_text("hunter2"))  # E: what is encrypted here is never used
