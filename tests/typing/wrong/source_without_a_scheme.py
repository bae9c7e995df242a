# header: system


@step
def packages() -> None:
    apt_source(system(), Source(name="acme", uris=["acme.example/apt"], suites=["stable"]))  # E: 'acme.example/apt' is not an address
