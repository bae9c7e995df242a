# header: system


@step
def files() -> None:
    create_directory(system(), "/srv", mode=755)  # E: the mode 755
