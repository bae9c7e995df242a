# header: system


@step
def boot() -> None:
    apt(system(), "linux-image-amd64", "grub-efi-amd64")
    grub_uefi(system(), root())  # M: Argument 2 to "grub_uefi" has incompatible type "Mounted[Ext4]"; expected  # e: grub_uefi() takes Mounted[Vfat] as esp, not Mounted[
