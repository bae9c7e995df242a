# header: system


@step
def esp() -> Mounted[Vfat]:
    return mount(mkvfat(mkpart(table(), type="esp", size=MiB(2))), "/boot/efi", on=root())


@step
def packages() -> None:
    apt(system(), "linux-image-amd64", "grub-efi-amd64", "grub-efi-amd64-signed", "shim-signed")


@step
def boot() -> None:
    grub_uefi(system(), esp(), secure_boot=True)  # E: GRUB for UEFI, with Secure Boot takes 8 MiB at least, and the EFI system partition esp has 2 MiB
