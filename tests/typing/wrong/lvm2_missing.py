# header: imports


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4)))


@step
def bios() -> Partition:
    return mkpart(table(), size=MiB(1), type="bios-boot")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mklv(mkvg(mkpart(table())))))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def boot_loader() -> None:
    apt(system(), "linux-image-amd64", "grub-pc")
    fstab(system())
    grub_bios(system())  # E: no step above installs lvm2, which root needs to be found
