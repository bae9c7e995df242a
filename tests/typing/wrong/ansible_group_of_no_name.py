# header: system


@step
def files() -> None:
    apt(system(), "python3")
    ansible(system(), "files/play.yml", group="web servers")  # E: 'web servers' is not the name of a group
