# header: system


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(256), type="esp"))


@step
def bios_boot() -> Partition:
    return mkpart(table(), size=MiB(1), type="bios-boot")


@step
def boot() -> None:
    apt(system(), "linux-image-amd64", "grub-efi-amd64", "grub-pc-bin")
    grub_uefi(system(), mount(esp(), "/boot/efi", on=root()), timeout=5)
    grub_bios(system())  # E: timeout is 1 here, and 5 at
