# header: table


@step
def data() -> Btrfs:
    return mkbtrfs(mkpart(table()))


@step
def absolute() -> Subvolume:
    return subvolume(data(), "/home")  # E: a subvolume cannot be named '/home'


@step
def above() -> Subvolume:
    return subvolume(data(), "@/../home")  # E: a subvolume cannot be named '@/../home'


@step
def empty() -> Subvolume:
    return subvolume(data(), "@//log")  # E: a subvolume cannot be named '@//log'


@step
def null() -> Subvolume:
    return subvolume(data(), "a\0b")  # E: a subvolume cannot be named 'a\x00b'


@step
def spaced() -> Subvolume:
    return subvolume(data(), "my files,old")  # E: a subvolume cannot be named 'my files,old'


@step
def long() -> Subvolume:
    return subvolume(data(), "n" * 256)  # E: a subvolume cannot be named 'nnn


@step
def right() -> Mounted[Subvolume]:
    return mount(subvolume(data(), "n" * 255 + "/..a/.b"))
