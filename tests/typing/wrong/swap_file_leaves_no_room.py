# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=GiB(1))))  # E: besides swap files


@step
def swap() -> SwapFile:
    return mkswapfile(root(), size=MiB(1000))


@step
def system() -> RootFs:
    system = debootstrap(root(), suite="trixie")
    fstab(system)
    return system
