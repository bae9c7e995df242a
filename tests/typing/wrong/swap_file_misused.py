# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=GiB(1))))


@step
def srv() -> Mounted[Btrfs]:
    return mount(mkbtrfs(mkpart(table(), size=GiB(1))), "/srv", on=root())


@step
def here() -> SwapFile:
    return mkswapfile(root(), "swapfile", size=GiB(1))  # E: 'swapfile' is not a place for a swap file


@step
def pages() -> SwapFile:
    return mkswapfile(root(), size=KiB(100))  # E: a swap file of 100 KiB


@step
def labelled() -> SwapFile:
    return mkswapfile(root(), size=MiB(100), label="swap of the system")  # E: the label 'swap of the system' is too long


@step
def copied_on_write() -> SwapFile:
    return mkswapfile(srv(), "/srv/swapfile", size=MiB(100))  # M: Argument 1 to "mkswapfile" has incompatible type "Mounted[Btrfs]"  # e: mkswapfile() takes Mounted[Ext2 | Ext3 | Ext4 | Xfs] as mounted, not Mounted[Btrfs]


@step
def by_number() -> SwapFile:
    return mkswapfile(root(), size=512)  # M: incompatible type "int"; expected "Size"  # e: mkswapfile() takes Size as size, not int
