# header: table


@step
def root() -> Mounted[Ext4]:
    group = mkvg(mkpart(table(), size=GiB(1)), mkpart(table()), name="vg0")
    return mount(mkext4(mklv(group, name="root", stripes=2)))


@step
def system() -> RootFs:
    system = debootstrap(root(), suite="trixie", include=["lvm2"])
    fstab(system)
    grow_root(system)  # E: root cannot grow: its stripes are on several devices
    return system
