# header: root


@step
def system() -> RootFs:
    return debian(root(), suite="trixie", arch=Arch.S390X)


@step
def boot() -> None:
    fstab(system())
    extlinux(system())  # E: extlinux.conf for U-Boot is not available for s390x
