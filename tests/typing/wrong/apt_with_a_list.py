# header: system


@step
def packages() -> None:
    apt(system(), ["curl", "vim"])  # M: Argument 2 to "apt" has incompatible type "list[str]"; expected "str"  # e: apt() takes str as packages, not list
