# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=GiB(2))))


@step
def swap() -> SwapFile:
    return mkswapfile(root(), size=GiB(2))  # E: swap files take 2 GiB of root


@step
def system() -> RootFs:
    system = debootstrap(root(), suite="trixie")
    fstab(system)
    return system
