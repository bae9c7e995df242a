# header: system


@step
def packages() -> None:
    apt_remove(system(), ["nano"])  # M: Argument 2 to "apt_remove" has incompatible type  # e: 
