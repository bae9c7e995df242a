# header: system


@step
def user() -> None:
    add_user(system(), "ann", groups=["adm", "wheel"], shell="/bin/bahs")  # E: warning: Debian itself has no group wheel  # E: warning: Debian itself has no shell /bin/bahs


@step
def data() -> Ext4:
    return mkext4(mkpart(table(), size=MiB(64)), label="data")  # E: warning: data is mounted nowhere, so it stays empty


@step
def mounts() -> None:
    fstab(system(), extra=["LABEL=dat /data ext4 defautls 0 2", "tmpfs /tmp tmpsf size=1G 0 0"])  # E: warning: no filesystem of the recipe has the label dat  # E: warning: Linux may have no filesystem tmpsf  # E: warning: ext4 may have no mount option 'defautls'
