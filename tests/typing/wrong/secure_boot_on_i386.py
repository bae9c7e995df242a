# header: root


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(256), type="esp"))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="bookworm", arch=Arch.I386)


@step
def boot() -> None:
    apt(system(), "linux-image-686", "grub-efi-ia32", "shim-signed", "grub-efi-ia32-signed")
    grub_uefi(system(), mount(esp(), "/boot/efi", on=root()), secure_boot=True)  # E: GRUB for UEFI, with Secure Boot is not available for i386
