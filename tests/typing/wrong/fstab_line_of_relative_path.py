# header: system


@step
def table_of_mounts() -> None:
    fstab(system(), extra=["tmpfs tmp tmpfs defaults"])  # E: 'tmp' is not an absolute path
