# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="wheezy")  # E: wheezy has left Debian's mirrors
