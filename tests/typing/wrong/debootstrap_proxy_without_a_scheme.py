# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", proxy="proxy.example:3128")  # E: 'proxy.example:3128' is not the address of a proxy
