# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixi")  # E: Debian has no suite trixi
