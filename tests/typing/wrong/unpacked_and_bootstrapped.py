# header: root

"""A bootstrap that does not ask whether a tarball was unpacked."""


@step
def unpacked() -> Fact:
    return unpack_rootfs(root(), "rootfs.tar")


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")  # E: it would go into the system of the tarball
