# header: system


@step
def files() -> None:
    apt(system(), "python3")
    ansible(system(), "../wrong")  # E: ../wrong is a directory, not a file
