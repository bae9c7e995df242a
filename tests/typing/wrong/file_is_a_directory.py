# header: system


@step
def files() -> None:
    copy_file(system(), "../wrong", "/srv/right")  # E: ../wrong is a directory, not a file
