# header: system


@step
def table_of_mounts() -> None:
    fstab(system(), extra=["tmpfs /tmp tmpfs defaults", "tmpfs //tmp/ tmpfs nosuid"])  # E: /tmp of extra= is the place of another line of extra= already
