# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", arch=Arch.ARM64)


@step
def kernel() -> None:
    apt(system(), "linux-image-amd64")  # E: warning: linux-image-amd64 is a kernel for amd64, and
