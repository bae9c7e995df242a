# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=GiB(2))))


@step
def srv() -> Mounted[Xfs]:
    return mount(mkxfs(mkpart(table(), size=GiB(1))), "/srv", on=root())


@step
def first() -> SwapFile:
    return mkswapfile(root(), size=MiB(100))


@step
def second() -> SwapFile:
    return mkswapfile(root(), size=MiB(100))  # E: is at /swapfile already


@step
def elsewhere() -> SwapFile:
    return mkswapfile(srv(), "/swap", size=MiB(100))  # E: /swap is not in srv, which is mounted at /srv


@step
def below() -> SwapFile:
    return mkswapfile(root(), "/srv/swapfile", size=MiB(100))  # E: /srv/swapfile is in srv


@step
def place() -> SwapFile:
    return mkswapfile(srv(), "/srv", size=MiB(100))  # E: is mounted at /srv


@step
def system() -> RootFs:
    system = debootstrap(root(), suite="trixie")
    fstab(system, extra=["/swapfile none swap sw 0 0"])  # E: extra= has a line for the swap file of second, which has one already
    return system
