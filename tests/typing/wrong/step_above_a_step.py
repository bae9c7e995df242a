# header: system


@step  # E: @step stands above another @step
@step
def motd() -> None:
    create_file(system(), "/etc/motd", "")
