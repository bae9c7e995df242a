# header: system


@step
def files() -> None:
    create_symlink(system(), "/etc/localtime", "")  # E: '' is no target of a symlink
