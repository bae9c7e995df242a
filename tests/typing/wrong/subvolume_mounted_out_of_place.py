# header: table


@step
def system() -> Subvolume:
    return subvolume(mkbtrfs(mkpart(table())), "@")


@step
def root() -> Mounted[Subvolume]:
    return mount(system())


@step
def home() -> Mounted[Subvolume]:
    return mount(subvolume(system(), "home"), "/srv/home", on=root())  # E: home is at /home already, as it is in system, which is at /


@step
def log() -> Mounted[Subvolume]:
    return mount(subvolume(system(), "var/log"), "/var/log", on=root())
