# header: system


@step
def files() -> None:
    copy_tree(system(), "../right", "/srv", exclude=".git")  # E: exclude='.git' is one text
