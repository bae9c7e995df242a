# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", arch="amd64")  # M: Argument "arch" to "debootstrap" has incompatible type "str"; expected  # e: debootstrap() takes Arch as arch, not str
