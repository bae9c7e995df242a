# header: system


@step
def data() -> Partition:
    return mkpart(table(), size=MiB(64))


@step
def old() -> None:
    mkext3(data(), features=("no_such_feature",))  # E: no_such_feature


@step
def no_script() -> None:
    host_shell(system(), "\n")  # E: an empty shell script


@step
def no_words() -> None:
    host_shell(system(), ["cp", "a", "b"])  # M: "host_shell" has incompatible type "list[str]"; expected "str"  # e: host_shell() takes str as script, not list


@step
def u_boot() -> None:
    write_at(disk(), system_file(system(), "../u-boot.bin"), offset=MiB(1))  # E: is not the path of a file


@step
def server() -> None:
    add_ssh_server(system(), passwords="yes")  # M: incompatible type "str"; expected "bool"


@step
def no_unit() -> None:
    disable_unit(system())  # E: disable_unit without a unit


@step
def two_units() -> None:
    mask_unit(system(), "apt-daily.timer, apt-daily-upgrade.timer")  # E: is not the name of a unit


@step
def root_user() -> None:
    lock_root(root())  # M: "lock_root" has incompatible type "Mounted[Ext4]"; expected "RootFs"  # e: lock_root() takes RootFs as system, not Mounted[


@step
def console() -> None:
    open_root_console("root")  # M: "open_root_console" has incompatible type "str"; expected "RootFs"  # e: open_root_console() takes RootFs as system, not str


@step
def network() -> None:
    use_dhcp(system(), "eth0")  # M: Too many arguments for "use_dhcp"  # e: TypeError


@step
def small() -> None:
    tidy(system(), doc=False)  # M: Unexpected keyword argument "doc" for "tidy"  # e: TypeError
