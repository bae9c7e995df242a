# header: table


@step
def root() -> Mounted[F2fs]:
    return mount(mkf2fs(mkpart(table())))


@step
def system() -> RootFs:
    system = debootstrap(root(), suite="trixie")
    fstab(system)
    return system


@step
def swap() -> SwapFile:
    return mkswapfile(system().mounted, size=MiB(100))  # E: mkswapfile() takes Mounted[Ext2 | Ext3 | Ext4 | Xfs] as mounted, not Mounted[F2fs]
