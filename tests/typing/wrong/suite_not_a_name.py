# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="Debian 13")  # E: 'Debian 13' is not the name of a suite
