# header: system


@step
def table_of_mounts() -> None:
    fstab(system(), extra=["tmpfs / tmpfs defaults"])  # E: / of extra= is the place of root already
