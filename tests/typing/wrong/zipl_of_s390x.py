# header: root


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(256), type="esp"))


@step
def system() -> RootFs:
    return debian(root(), suite="trixie", arch=Arch.S390X)


@step
def boot() -> None:
    fstab(system())
    grub_uefi(system(), mount(esp(), "/boot/efi", on=root()))  # E: GRUB for UEFI is not available for s390x
