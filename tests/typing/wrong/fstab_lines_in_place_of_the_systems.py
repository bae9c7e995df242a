# header: system


@step
def proc() -> None:
    fstab(system(), extra=["tmpfs /proc tmpfs defaults 0 0"])  # E: tmpfs at /proc would be in the place of the running system's own /proc


@step
def sys() -> None:
    fstab(system(), extra=["UUID=1234-ABCD /sys/data vfat defaults 0 0"])  # E: vfat at /sys/data would be in the place


@step
def dev() -> None:
    fstab(system(), extra=["tmpfs /dev/ tmpfs defaults 0 0"])  # E: tmpfs at /dev would be in the place


@step
def run() -> None:
    fstab(system(), extra=["LABEL=run /run ext4 defaults 0 2"])  # E: ext4 at /run would be in the place


@step
def etc() -> None:
    fstab(system(), extra=["tmpfs /etc tmpfs defaults 0 0"])  # E: tmpfs at /etc would hide the system's own files


@step
def nameless() -> None:
    fstab(system(), extra=["LABEL= /srv ext4 defaults 0 2"])  # E: 'LABEL=' does not name a filesystem


@step
def no_uuid() -> None:
    fstab(system(), extra=["UUID=data /srv ext4 defaults 0 2"])  # E: 'UUID=data' does not name a filesystem


@step
def misspelt() -> None:
    fstab(system(), extra=["LABLE=data /srv ext4 defaults 0 2"])  # E: fstab does not know LABLE=
