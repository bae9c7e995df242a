# header: table


@step
def root() -> Mounted[Subvolume]:
    return mount(subvolume(mkbtrfs(mkpart(table())), "@"))


@step
def system() -> RootFs:
    made = debootstrap(root(), suite="trixie")
    apt(made, "linux-image-amd64", "grub-pc")
    fstab(made)
    return made


@step
def boot_loader() -> None:
    mkpart(table(), size=MiB(1), type="bios-boot")
    grub_bios(system(), parameters=["rootflags=subvol=@rootfs"])  # E: rootflags=subvol=@rootfs is not the subvolume of /, which is @
