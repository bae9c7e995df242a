# header: system


@step
def data() -> Ext4:
    return mkext4(mkpart(table(), size=MiB(64)))  # E: warning: data is mounted nowhere, so it stays empty


@step
def in_fstab() -> Ext4:
    return mkext4(mkpart(table(), size=MiB(64)), label="kept")


@step
def mounts() -> None:
    fstab(system(), extra=["LABEL=kept /kept ext4 defaults 0 2"])
