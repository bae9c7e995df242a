# header: mbr


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), flags=("boot",))))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", include=["linux-image-amd64", "grub-pc"])


@step
def boot() -> None:
    chroot(system(), "sed -i 's/^GRUB_TIMEOUT=.*/GRUB_TIMEOUT=0/' /etc/default/grub")  # E: warning: GRUB_TIMEOUT of /etc/default/grub has no effect
    fstab(system())
    grub_bios(system())
    create_file(system(), "/etc/default/grub", 'GRUB_CMDLINE_LINUX="panic=10"\n')  # E: warning: GRUB_CMDLINE_LINUX of /etc/default/grub has no effect
    create_file(system(), "/etc/default/grub.d/60-own.cfg", 'GRUB_CMDLINE_LINUX="panic=10"\n')
    chroot(system(), "echo 'GRUB_DISABLE_OS_PROBER=true' >>/etc/default/grub; update-grub")
