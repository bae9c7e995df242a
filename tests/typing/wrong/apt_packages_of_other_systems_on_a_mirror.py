# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", mirror="http://mirror.example/debian")


@step
def packages() -> None:
    apt(system(), "kernel")  # E: warning: Debian has no package kernel; another archive may
