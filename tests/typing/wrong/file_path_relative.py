# header: system


@step
def motd() -> None:
    create_file(system(), "etc/motd", "Hello\n")  # E: 'etc/motd' is not the path of a file
