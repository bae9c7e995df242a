# header: mbr


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", arch=Arch.I386)  # E: trixie has no kernel for i386, so the image could not boot
