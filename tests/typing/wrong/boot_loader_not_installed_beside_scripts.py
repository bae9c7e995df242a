# header: mbr


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def customized() -> None:
    use_dhcp(system())
    chroot(system(), "passwd --lock root")


@step
def boot() -> None:
    fstab(system())
    grub_bios(system())  # E: warning: no step above installs grub-pc, which GRUB for BIOS needs  # E: warning: no step above installs a kernel
