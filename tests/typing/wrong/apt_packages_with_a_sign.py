# header: system


@step
def removed() -> None:
    apt(system(), "curl", "nano-")  # E: 'nano-' is not the name of a package


@step
def of_a_version() -> None:
    apt(system(), "nano=8.4-1-")  # E: 'nano=8.4-1-' is not the name of a package
