# header: system


@step
def packages() -> None:
    apt("curl")  # M: Argument 1 to "apt" has incompatible type "str"; expected "RootFs"  # e: apt() takes RootFs as root, not str
