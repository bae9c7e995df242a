# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(120))))  # E: debootstrap trixie (standard, amd64)


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", variant="standard")


@step
def motd() -> None:
    create_file(system(), "/etc/motd", "Small.\n")
