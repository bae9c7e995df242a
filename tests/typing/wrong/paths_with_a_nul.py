# header: system


@step
def in_the_system() -> None:
    create_file(system(), "/etc/\0motd", "x")  # E: the path '/etc/\x00motd' has a NUL character


@step
def directory() -> None:
    create_directory(system(), "/srv/\0")  # E: the path '/srv/\x00' has a NUL character
