# header: root

uefi = flag(default=True, help="Boot with UEFI.")


@step_if(uefi)
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(256), type="esp"))


@step
def efi() -> Mounted[Vfat]:
    return mount(esp(), "/boot/efi", on=root())  # M: Argument 1 to "mount" has incompatible type "Vfat | None"; expected "Vfat"
