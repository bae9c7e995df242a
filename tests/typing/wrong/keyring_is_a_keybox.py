# header: system


@step
def packages() -> None:
    acme = Source(name="acme", uris=["http://a.example"], suites=["x"], keyring="files/acme.kbx")
    apt_source(system(), acme)  # E: apt cannot read the keyring files/acme.kbx: it is a keybox
