# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", keyring="files/text.deb")  # E: apt cannot read the keyring files/text.deb: it holds no public key
