# header: system


@step
def table_of_mounts() -> None:
    fstab(system(), by="label")  # E: root (
