# header: system


@step
def packages() -> None:
    apt(system())  # E: apt without a package
