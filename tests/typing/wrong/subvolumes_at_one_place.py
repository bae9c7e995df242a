# header: table


@step
def data() -> Btrfs:
    return mkbtrfs(mkpart(table()))


@step
def system() -> Subvolume:
    return subvolume(data(), "@", default=True)


@step
def root() -> Mounted[Subvolume]:
    return mount(system())


@step
def again() -> Subvolume:
    return subvolume(data(), "@")  # E: a second subvolume /@: system


@step
def log() -> Subvolume:
    return subvolume(data(), "@/var/log")  # E: /@/var/log is in the subvolume system


@step
def home() -> Subvolume:
    return subvolume(data(), "sets/home", default=True)  # E: a second default of data: system


@step
def sets() -> Subvolume:
    return subvolume(data(), "sets")  # E: is in /sets, and was made before it


@step
def beside() -> Subvolume:
    return subvolume(system(), "sets/home")
