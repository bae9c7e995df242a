# header: system


@step
def of_others() -> None:
    docker = Source(name="docker", uris=["https://mirror.example/docker"], suites=["trixie"], components=["stable"])
    apt_source(system(), docker)  # E: warning: Debian has no component stable, whose keys this archive is checked with
    fstab(system())
