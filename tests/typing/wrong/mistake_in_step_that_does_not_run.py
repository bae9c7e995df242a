# header: system

serial = flag(default=False, help="Log in on the serial port.")


@step_if(serial)
def login() -> None:
    chroot(root(), "systemctl enable serial-getty@ttyS0")  # M: Argument 1 to "chroot" has incompatible type "Mounted[Ext4]"; expected
