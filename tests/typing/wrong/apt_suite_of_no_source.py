# header: system


@step
def backports() -> None:
    apt(system(), "curl", suite="trixie-backports")  # E: no source of the system has the suite trixie-backports


@step
def more() -> None:
    apt(system(), "curl/sid", "git/sid", "bash/trixie-updates")  # E: no source of the system has the suite sid
