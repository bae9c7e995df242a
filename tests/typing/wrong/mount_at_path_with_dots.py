# header: root


@step
def home() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=GiB(1))), "/srv/../home", on=root())  # E: '/srv/../home' is not a place to mount at
