# header: system


@step
def files() -> None:
    copy_file(system(), "files/mtod", "/etc/motd")  # E: there is no file files/mtod
