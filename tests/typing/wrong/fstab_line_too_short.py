# header: system


@step
def table_of_mounts() -> None:
    fstab(system(), extra=["tmpfs /tmp tmpfs"])  # E: is no line of fstab: it has four to six fields
