# header: system


@step
def users() -> None:
    add_user(system(), "alice")
    set_password(system(), "root", Secret.from_environment("PASSWORD"))
    set_password(system(), "alice", Secret.from_environment("PASSWORD"))
    set_password(system(), "alcie", Secret.from_environment("PASSWORD"))  # E: warning: no step above makes the user alcie
