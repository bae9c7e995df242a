# header: system

debug = flag(default=False, help="Install tools for finding mistakes.")


@step
def packages() -> None:
    if debug():
        apt(system(), "strace", recommend=False)  # M: Unexpected keyword argument "recommend" for "apt"; did you mean
