# header: system


@step  # e: the step packages is a generator, so it never runs
def packages() -> None:  # M: The return type of a generator function should be "Generator"
    yield apt(system(), "nano")
