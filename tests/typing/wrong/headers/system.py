# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")
