# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())), options=("noatme", "x-systemd.growfs", "errors=remount-ro"))  # E: warning: ext4 may have no mount option 'noatme'


@step
def srv() -> Mounted[Btrfs]:
    return mount(mkbtrfs(mkpart(table(), size=MiB(200))), "/srv", on=root(), options=("compress=zst:3", "noatime"))  # E: warning: btrfs may have no mount option 'compress=zst:3'


@step
def mounts() -> None:
    fstab(debootstrap(root(), suite="trixie"))
