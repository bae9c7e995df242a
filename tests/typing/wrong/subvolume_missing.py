# header: root


@step
def srv() -> Mounted[Btrfs]:
    return mount(mkbtrfs(mkpart(table(), size=MiB(256))), "/srv", on=root(), options=("subvol=@srv",))  # E: srv has no subvolume for 'subvol=@srv'


@step
def home() -> Mounted[Btrfs]:
    options = ("noatime", "subvolid=257")
    return mount(mkbtrfs(mkpart(table(), size=MiB(256))), "/home", on=root(), options=options)  # E: home has no subvolume for 'subvolid=257'


@step
def top() -> Mounted[Btrfs]:
    return mount(mkbtrfs(mkpart(table(), size=MiB(256))), "/top", on=root(), options=("subvol=/", "subvolid=5"))


@step
def later() -> Mounted[Btrfs]:
    return mount(mkbtrfs(mkpart(table(), size=MiB(256))), "/later", on=root(), options=("noauto", "subvol=@"))
