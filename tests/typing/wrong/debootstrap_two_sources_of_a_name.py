# header: root


@step
def system() -> RootFs:
    acme = Source(name="acme", uris=["http://acme.example"], suites=["stable"])
    return debootstrap(root(), suite="trixie", sources=[acme, acme])  # E: there are two sources acme
