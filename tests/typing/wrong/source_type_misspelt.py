# header: system


@step
def packages() -> None:
    acme = Source(name="acme", uris=["http://acme.example"], suites=["stable"], types=["dep"])  # M: List item 0 has incompatible type
    apt_source(system(), acme)  # E: types='dep' is not known
