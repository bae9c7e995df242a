# header: system


@step
def bios_boot() -> Partition:
    return mkpart(table(), size=MiB(1), type="bios-boot")


@step
def boot_loader() -> None:
    apt(system(), "linux-image-amd64", "grub-pc")
    fstab(system())
    grub_bios(system(), parameters=["quiet", "root=/dev/sda2"])  # E: warning: root=/dev/sda2 takes the place of the root that
