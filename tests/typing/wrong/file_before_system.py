# header: root


@step
def hostname() -> None:
    create_file(root(), "/etc/hostname", "server\n")  # E: it changes the tree before there is a system in it


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")
