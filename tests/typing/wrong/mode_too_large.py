# header: system


@step
def motd() -> None:
    create_file(system(), "/etc/motd", "Hello\n", mode=0o100644)  # E: the mode 33188
