# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie-backports")  # E: trixie-backports has only some packages, and no whole system
