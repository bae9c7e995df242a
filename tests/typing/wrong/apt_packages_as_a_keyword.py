# header: system


@step
def packages() -> None:
    apt(system(), packages=["curl"])  # M: Unexpected keyword argument "packages" for "apt"  # e: TypeError
