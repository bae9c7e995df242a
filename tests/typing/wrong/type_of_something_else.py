# header: system


@step
def data() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(64), type="swap")), "/srv", on=root())  # E: warning: data has the type swap, and it is ext4


@step
def mounts() -> None:
    fstab(system())
