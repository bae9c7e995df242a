# header: table


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(100), type="esp"))


@step
def crypt() -> Luks:
    return mkluks(mkpart(table()), Secret.from_text("hunter2"))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(crypt()))


@step
def efi() -> Mounted[Vfat]:
    return mount(esp(), "/boot/efi", on=root())


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def boot_loader() -> None:
    apt(system(), "linux-image-amd64", "grub-efi-amd64", "shim-signed", "grub-efi-amd64-signed", "cryptsetup-initramfs")
    fstab(system())
    grub_uefi(system(), efi(), secure_boot=True)  # E: GRUB cannot unlock crypt  # E: the signed GRUB cannot unlock crypt
