# header: system


@step
def swap() -> Swap:
    return mkswap(mkpart(table(), size=MiB(64), type="swap"))


@step
def behind_it() -> None:
    grow_root(system())  # E: root cannot grow: swap is behind it on the disk


@step
def kernel() -> None:
    debian(root(), suite="bookworm", arch=Arch.I386, kernel="cloud")  # E: there is no cloud kernel for i386


@step
def name() -> None:
    set_hostname(system(), "my_server")  # E: 'my_server' is not the name of a machine


@step
def key() -> None:
    add_user(system(), "ann", ssh_keys="/home/ann/.ssh/id_ed25519.pub")  # E: is not a public key of SSH


@step
def groups() -> None:
    add_user(system(), "ann", groups="adm")  # E: groups= is one text


@step
def password() -> None:
    add_user(system(), "ann", password="hunter2")  # M: Argument "password" to "add_user" has incompatible type "str"; expected "Secret | None"  # e: add_user() takes Secret | None as password, not str


@step
def user() -> None:
    add_user(system(), "Ann", password=Secret.from_environment("ANN"))  # E: 'Ann' is not the name of a user


@step
def unit() -> None:
    enable_unit(system(), "ssh cron")  # E: 'ssh cron' is not the name of a unit


@step
def no_unit() -> None:
    enable_unit(system())  # E: enable_unit without a unit


@step
def language() -> None:
    set_locale(system(), "german")  # E: 'german' is not the name of a locale


@step
def zone() -> None:
    set_time_zone(system(), "../../etc/passwd")  # E: '../../etc/passwd' is not a time zone


@step
def layout() -> None:
    set_keyboard(system(), "de nodeadkeys")  # E: is not a keyboard's layout


@step
def sources() -> None:
    add_cloud_init(system(), sources="NoCloud")  # E: sources= is one text
