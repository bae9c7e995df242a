# header: system


@step
def packages() -> None:
    acme = Source(name="acme", uris=["http://a.example"], suites=["x"], keyring="files/amce.asc")
    apt_source(system(), acme)  # E: there is no file files/amce.asc
