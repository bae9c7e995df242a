# header: system


@step
def motd() -> None:
    copy_file(system(), "/etc/motd", "files/motd")  # E: the local file comes first, then the path in the system
    fstab(system())
