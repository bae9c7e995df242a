# header: root


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(256), type="esp"))


@step
def system() -> RootFs:
    return debian(root(), "grub-efi-amd64-bin", suite="trixie")


@step
def boot() -> None:
    fstab(system())
    grub_uefi(system(), mount(esp(), "/boot/efi", on=root()))  # E: no step above installs grub2-common
