# header: system


@step
def files() -> None:
    copy_tree(system(), "../right", "/", exclude=("a/b",))  # E: 'a/b' is no name of a file
