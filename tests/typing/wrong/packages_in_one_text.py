# header: system


@step
def packages() -> None:
    apt(system(), "curl vim")  # E: 'curl vim' is not the name of a package
