# header: imports

motd = optional_path(help="A message.")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(GiB(4))))))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def message() -> None:
    copy_file(system(), motd(), "/etc/motd")  # M: Argument 2 to "copy_file" has incompatible type "Path | None"  # e: TypeError
