# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", include=["linux-image-generic", "openssh"])  # E: Debian has no package openssh


@step
def packages() -> None:
    apt(system(), "linux-generic", "python=3", "vim")  # E: Debian has no package linux-generic  # E: Debian has no package python=3
