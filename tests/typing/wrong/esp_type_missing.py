# header: system


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(256)))


@step
def boot() -> None:
    apt(system(), "linux-image-amd64", "grub-efi-amd64")
    grub_uefi(system(), mount(esp(), "/boot/efi", on=root()))  # E: firmware won't look at esp, of the type linux
