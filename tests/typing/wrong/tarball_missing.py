# header: root

"""A tarball that isn't there."""


@step
def system() -> RootFs:
    return system_from(root(), "rootfs.tar", suite="trixie")  # E: there is no file rootfs.tar
