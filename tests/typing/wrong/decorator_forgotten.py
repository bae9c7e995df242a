# header: system


def hostname() -> None:  # E: nothing calls the function hostname
    create_file(system(), "/etc/hostname", "server\n")
