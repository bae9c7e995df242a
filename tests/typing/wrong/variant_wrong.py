# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", variant="minimal")  # M: Argument "variant" to "debootstrap" has incompatible type  # e: variant='minimal' is not known
