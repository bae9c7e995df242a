# header: system


@step
def settings() -> None:
    create_file(system(), "/etc/app", "a\n")
    create_file(system(), "/etc/app/app.conf", "b\n")  # E: /etc/app is a file, which settings
