# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="buster", mirror="http://mirror.example/debian")  # E: warning: buster has left Debian's mirrors


@step
def more() -> None:
    apt(system(), "curl/trixie-backport")  # E: warning: Debian has no suite trixie-backport; another archive may


@step
def backports() -> None:
    source = Source(name="more", uris=["http://mirror.example/debian"], suites=["trixi"], components=["main"])
    apt_source(system(), source)  # E: warning: Debian has no suite trixi; the mirror may


@step
def transport() -> None:
    apt_source(system(), Source(name="odd", uris=["gopher://mirror.example/"], suites=["./"], trusted=True))  # E: warning: apt cannot read gopher: by itself
