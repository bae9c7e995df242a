# header: imports


@step
def disk() -> Disk:
    return mkimg(GiB(1))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(disk()))))


@step
def loader() -> None:
    host_shell(root(), 'echo x >"$IMAGE"', image=root())  # M: Argument "image" to "host_shell" has incompatible type  # e: host_shell() takes Disk | None as image, not Mounted[
