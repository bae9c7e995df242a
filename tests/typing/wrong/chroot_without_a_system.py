# header: root


@step
def setup() -> None:
    chroot(root(), "useradd -m user")  # M: Argument 1 to "chroot" has incompatible type "Mounted[Ext4]"; expected  # e: chroot() takes RootFs as root, not Mounted[
