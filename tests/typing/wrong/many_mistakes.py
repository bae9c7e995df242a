# header: table

serial = flag(default=False, help="Log in on the serial port.")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), lable="root")))  # M: Unexpected keyword argument "lable" for "mkpart"; did you mean "label"?  # e: TypeError


@step
def boot() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(512), end=GiB(1))), "/boot")  # E: a partition with both size= and end=


@step
def home() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=GiB(9))))  # E: it ends at 9217 MiB and does not fit: there is room up to 4095 MiB


@step
def system() -> RootFs:
    return debootstrap(home(), suite="trixi")  # E: Debian has no suite trixi


@step
def motd() -> None:
    create_file(system(), "etc/motd", "Hello\n", mode=644)  # E: 'etc/motd' is not the path of a file


@step
def more() -> None:
    raise ValueError("no more")  # E: ValueError: no more


@step_if(serial)
def login() -> None:
    chroot(system, "true")  # M: chroot() takes RootFs, and is given a step that is not called
