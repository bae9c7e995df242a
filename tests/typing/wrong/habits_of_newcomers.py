# header: system

server = flag(False, help="A server.")  # M: Too many positional arguments for "flag"  # e: TypeError: flag() takes 0 positional arguments
suite = option(Suite("trixie"), help="Release of Debian.")


@step
def data() -> Partition:
    return mkpart(table(), size=2 * GiB)  # M: Unsupported operand types for * ("int" and "Callable[[float], Size]")


@step
def more() -> Partition:
    return mkpart(table(), size=GiB("1"))  # M: Argument 1 to "GiB" has incompatible type "str"


@step
def files() -> None:
    chroot(system(), ["systemctl", "enable", "ssh"])  # M: Argument 2 to "chroot" has incompatible type "list[str]"
    create_file(system(), "/etc/hosts", ["127.0.0.1 localhost"])  # M: Argument 3 to "create_file" has incompatible type "list[str]"
    create_file(system(), "/usr/local/bin/a", "#!/bin/sh\n", mode="755")  # M: Argument "mode" to "create_file" has incompatible type "str"
    apt_source(system(), "deb http://mirror.example/debian trixie main")  # M: Argument 2 to "apt_source" has incompatible type "str"
    system().run("true")  # M: "RootFs" has no attribute "run"


@step
def decided() -> None:
    if server() and suite() == "bookworm":  # M: Non-overlapping equality check (left operand type: "Suite"
        require(server())  # M: Missing positional argument "message" in call to "require"
