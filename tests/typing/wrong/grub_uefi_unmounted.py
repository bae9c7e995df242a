# header: system


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(256), type="esp"))


@step
def boot() -> None:
    apt(system(), "linux-image-amd64", "grub-efi-amd64")
    grub_uefi(system(), esp())  # M: Argument 2 to "grub_uefi" has incompatible type "Vfat"; expected  # e: grub_uefi() takes Mounted[Vfat] as esp, not Vfat
