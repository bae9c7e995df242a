# header: system


@step
def files() -> None:
    create_symlink(system(), "/etc/localtime")  # M: Missing positional argument "target" # e: target
