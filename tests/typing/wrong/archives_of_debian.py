# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", components=["main", "nonfree"])  # E: Debian has no component nonfree


@step
def of_its_own() -> None:
    apt_source(system(), Source(name="own", uris=["http://mirror.example/debian"], suites=["trixie"], components=["contribs"]))  # E: Debian has no component contribs


@step
def scheme() -> None:
    apt_source(system(), Source(name="acme", uris=["htps://mirror.example/debian"], suites=["trixie"]))  # E: apt cannot read htps: in 'htps://mirror.example/debian'


@step
def architecture() -> None:
    apt_source(system(), Source(name="acme", uris=["https://mirror.example/debian"], suites=["trixie"], architectures=["x86_64"]))  # E: 'x86_64' is not an architecture of Debian


@step
def foreign() -> None:
    apt(system(), "libc6:i368")  # E: 'i368' is not an architecture of Debian
