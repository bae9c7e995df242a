# header: root


@step
def home() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=GiB(1))), "home", on=root())  # E: 'home' is no place to mount at
