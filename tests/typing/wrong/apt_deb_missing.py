# header: system


@step
def packages() -> None:
    apt(system(), debs=["files/acme.deb"])  # E: there is no file files/acme.deb
