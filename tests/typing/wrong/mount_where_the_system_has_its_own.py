# header: root


@step
def proc() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(64))), "/proc", on=root())  # E: a filesystem at /proc


@step
def shared_memory() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(64))), "/dev/shm", on=root())  # E: a filesystem at /dev/shm


@step
def run() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(64))), "/var/run/data", on=root())  # E: a filesystem at /var/run/data


@step
def etc() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(64))), "/etc", on=root())  # E: a filesystem at /etc
