# header: system

"""A tarball that is unpacked into a system."""


@step
def unpacked() -> Fact:
    return unpack_rootfs(root(), "rootfs.tar")  # E: the tree is no longer empty
