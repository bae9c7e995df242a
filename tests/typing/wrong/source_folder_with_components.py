# header: system


@step
def packages() -> None:
    acme = Source(name="acme", uris=["http://acme.example"], suites=["./"], components=["main"])
    apt_source(system(), acme)  # E: the suite ./ is a folder, which has no components
