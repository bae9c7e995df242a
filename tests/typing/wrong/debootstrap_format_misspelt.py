# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", format="deb882")  # M: Argument "format" to "debootstrap" has incompatible type  # e: format='deb882' is not known
