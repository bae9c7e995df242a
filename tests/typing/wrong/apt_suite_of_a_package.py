# header: system


@step
def packages() -> None:
    apt(system(), "curl", release="trixie-backports")  # M: Unexpected keyword argument "release" for "apt"  # e: unexpected keyword argument
