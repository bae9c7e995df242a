# header: mbr


@step
def boot_partition() -> Ext4:
    return mkext4(mkpart(table(), size=MiB(512)))


@step
def root() -> Mounted[F2fs]:
    return mount(mkf2fs(mkpart(table())))


@step
def system() -> RootFs:
    mount(boot_partition(), "/boot", on=root())
    return debootstrap(root(), suite="trixie", include=["linux-image-cloud-amd64", "grub-pc", "f2fs-tools"])


@step
def boot() -> None:
    fstab(system())
    grub_bios(system())  # E: the kernel for clouds cannot read f2fs, which root is
