# header: system


@step
def motd() -> None:
    create_file(system(), "/etc/motd", "Hello\n", mode=644)  # E: the mode 644 is 0o1204
