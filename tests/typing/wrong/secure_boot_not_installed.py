# header: system


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(256), type="esp"))


@step
def boot() -> None:
    apt(system(), "linux-image-amd64", "grub-efi-amd64")
    grub_uefi(system(), mount(esp(), "/boot/efi", on=root()), secure_boot=True)  # E: no step above installs shim-signed  # E: no step above installs grub-efi-amd64-signed
