# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())), options=("noatme", "x-systemd.growfs", "errors=remount-ro"))  # E: warning: ext4 may have no mount option 'noatme'
