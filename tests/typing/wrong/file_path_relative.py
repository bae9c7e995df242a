# header: system


@step
def motd() -> None:
    create_file(system(), "etc/motd", "Hello\n")  # E: 'etc/motd' is no path of a file
