# header: system

name = option("debian", help="A name.")
extra = optional_path(help="A file.")
serial = flag(default=True, help="A serial port.")


@step
def matched() -> None:
    match serial:  # E: no case of this is ever the flag serial itself
        case True:
            apt(system(), "screen")


@step
def missing() -> None:
    if extra is None:  # E: None is never the option extra itself
        apt(system(), "curl")


@step
def named() -> None:
    if name in ("debian", "ubuntu"):  # M: Non-overlapping container check
        apt(system(), "git")


@step
def default() -> None:
    create_file(system(), "/etc/name", name or "debian")  # M: the option name is not called, so it is always true  # e: this is always true


@step
def looked_up() -> None:
    apt(system(), {"debian": "vim"}.get(name, "nano"))  # M: No overload variant of "get"


@step
def calls() -> None:
    if extra() is None or name() in ("a", "b"):
        create_file(system(), "/etc/serial", f"{serial()}\n")


def parts(system: RootFs, extra: str | None) -> None:
    if extra is None:
        apt(system, "less")


@step
def more() -> None:
    parts(system(), None)
