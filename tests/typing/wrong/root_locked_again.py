# header: system


@step
def logins() -> None:
    open_root_console(system())
    lock_root(system())  # E: warning: this locks root, whom logins (
    fstab(system())
