# header: system


@step
def files() -> None:
    copy_tree(system(), "../right", "/", exclude=("a/b",))  # E: 'a/b' is not the name of a file
