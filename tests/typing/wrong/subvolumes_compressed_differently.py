# header: table


@step
def data() -> Btrfs:
    return mkbtrfs(mkpart(table()))


@step
def root() -> Mounted[Subvolume]:
    return mount(subvolume(data(), "@"), options=("compress=zstd:1",))


@step
def home() -> Mounted[Subvolume]:
    return mount(subvolume(data(), "@home"), "/home", on=root(), options=("compress=zlib", "noatime"))  # E: compress=zlib, and root

@step
def srv() -> Mounted[Subvolume]:
    return mount(subvolume(data(), "@srv"), "/srv", on=root(), options=("compress-force=zstd:1",))
