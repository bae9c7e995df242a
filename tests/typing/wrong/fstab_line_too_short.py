# header: system


@step
def table_of_mounts() -> None:
    fstab(system(), extra=["tmpfs /tmp tmpfs"])  # E: is not a line of fstab: it has four to six fields
