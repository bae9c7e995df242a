# header: system


@step
def table_of_mounts() -> None:
    fstab(system(), extra="tmpfs /tmp tmpfs size=1G 0 0")  # E: extra= is one text
