# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", arch=Arch.AMD46)  # M: "type[Arch]" has no attribute "AMD46"  # e: AttributeError
