# header: system


@step
def line_ends() -> None:
    create_file(system(), "/usr/local/bin/x", "#!/bin/sh\r\necho\r\n", mode=0o755)  # E: Linux cannot start /usr/local/bin/x: its first line ends with a carriage return
