# header: root

suite = option(Suite("noble"), help="Release.")


@step
def system() -> RootFs:
    return debootstrap(root(), suite=suite())  # E: Debian has no suite noble
