# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", mirror="file:///srv/mirror")  # E: file: is a place in the system, and there is no system yet
