# header: system


@step
def alice() -> None:
    add_user(system(), "alice", uid=-5)  # E: uid -5 is not a number of a user
