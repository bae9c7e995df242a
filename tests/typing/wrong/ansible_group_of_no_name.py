# header: system


@step
def files() -> None:
    apt(system(), "python3")
    ansible(system(), "empty.py", group="web servers")  # E: 'web servers' is not the name of a group
