# header: table


@step
def home() -> Subvolume:
    return subvolume(mkext4(mkpart(table(), size=GiB(1))), "home")  # M: has incompatible type "Ext4"; expected "Btrfs | Subvolume"  # e: subvolume() takes Btrfs | Subvolume as within, not Ext4


@step
def root() -> Mounted[Subvolume]:
    return mount(mkbtrfs(mkpart(table(), size=GiB(1))))  # M: has incompatible type "Btrfs"; expected "Subvolume"
