# header: table


@step
def data() -> Btrfs:
    return mkbtrfs(mkpart(table()))


@step
def root() -> Mounted[Subvolume]:
    return mount(subvolume(data(), "@"))


@step
def home() -> Subvolume:
    return subvolume(data(), "@home")


@step
def first() -> Mounted[Subvolume]:
    return mount(home(), "/home", on=root())


@step
def second() -> Mounted[Subvolume]:
    return mount(home(), "/srv", on=root())  # E: home is at /home already


@step
def nowhere() -> Mounted[Subvolume]:
    return mount(subvolume(data(), "@opt"), "/opt")  # E: what /opt is mounted on isn't given


@step
def named() -> Mounted[Subvolume]:
    return mount(subvolume(data(), "@var"), "/var", on=root(), options=("subvol=@var",))  # E: subvol=@var among the options of a subvolume
