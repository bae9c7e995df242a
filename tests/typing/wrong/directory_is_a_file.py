# header: system


@step
def files() -> None:
    copy_tree(system(), "empty.py", "/srv")  # E: empty.py is a file, not a directory
