# header: system


@step
def packages() -> None:
    apt(system(), debs="acme.deb")  # E: debs= is one text
