# header: system


@step
def files() -> None:
    create_symlink(system(), "/etc/localtime", "")  # E: '' is not a target of a symlink
