# header: system


@step
def packages() -> None:
    apt_source(system(), Source(name="acme", uris="http://acme.example", suites=["stable"]))  # E: uris= is one text
