# header: system


@step
def first() -> None:
    fstab(system())


@step
def second() -> None:
    fstab(system(), extra=["tmpfs /tmp tmpfs size=1G 0 0"])  # E: warning: this replaces /etc/fstab, which first
