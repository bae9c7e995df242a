# header: table


@step
def esp() -> Partition:
    return mkpart(table(), size=MiB(64), type="efi")  # M: Argument "type" to "mkpart" has incompatible type  # e: type='efi' is not known


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="13")  # E: Debian has no suite 13


@step
def motd() -> None:
    mkdir(system(), "/srv/www")  # M: Name "mkdir" is not defined  # e: NameError
