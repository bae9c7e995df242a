# header: system


@step
def files() -> None:
    copy_tree(system(), "../rihgt", "/srv")  # E: there is no directory ../rihgt
