# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", include="curl,vim")  # E: include= is one text
