# header: system


@step
def files() -> None:
    apt(system(), "python3")
    ansible(system(), "files/paly.yml")  # E: there is no file files/paly.yml
