# header: system


@step
def boot() -> None:
    fstab(system())
    apt(system(), "linux-image-amd64")
    extlinux(system())  # E: no step above installs u-boot-menu, which extlinux.conf for U-Boot needs
