# header: table


@step
def root() -> Mounted[Subvolume]:
    return mount(subvolume(mkbtrfs(mkpart(table())), "@"))


@step
def device() -> None:
    require(bool(root().source.filesystem.device.name), "it has one")
    require(bool(root().filesystem.device.name), "it has one")  # M: "Subvolume" has no attribute "device"
