# header: system


@step
def files() -> None:
    copy_tree(system(), "../right", "/srv", mode=0o755)  # M: Unexpected keyword argument "mode" # e: mode
