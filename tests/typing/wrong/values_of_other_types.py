# header: system


@step
def server() -> None:
    add_user(system(), "ann", uid="1000")  # M: Argument "uid" to "add_user" has incompatible type "str"; expected "int  # e: add_user() takes int | None as uid, not str


@step
def bea() -> None:
    add_user(system(), "bea", sudo="yes")  # M: Argument "sudo" to "add_user" has incompatible type "str"; expected "bool"


@step
def cleo() -> None:
    add_user(system(), "cleo", password="geheim")  # M: Argument "password" to "add_user" has incompatible type "str"; expected "Secret  # e: add_user() takes


@step
def boot() -> None:
    apt(system(), "linux-image-amd64", "grub-pc")
    grub_bios(system(), timeout=0.5)  # M: Argument "timeout" to "grub_bios" has incompatible type "float"; expected "int"  # e: grub_bios() takes int as timeout, not float


@step
def loader() -> None:
    write_at(disk(), "loader.img", offset=KiB(32))  # M: Argument 2 to "write_at" has incompatible type "str"; expected "bytes  # e: is a text


@step
def table_of() -> None:
    image_shell(table(), "true")  # M: Argument 1 to "image_shell" has incompatible type "Gpt"; expected "Disk"  # e: image_shell() takes


@step
def share() -> None:
    mount(mkext4(mkpart(table(), size=Percent(10))), "/srv", on=root())  # M: Argument "size" to "mkpart" has incompatible type "Percent"; expected "Size  # e: mkpart() takes


@step
def playbooks() -> None:
    apt(system(), "python3")
    ansible(system(), ["a.yml", "b.yml"])  # M: Argument 2 to "ansible" has incompatible type "list[str]"; expected "str  # e: TypeError


@step
def settings() -> None:
    create_file(system(), "/etc/app.json", {"a": 1})  # M: has incompatible type "dict[str, int]"; expected "str  # e: create_file() takes str | Secret as content, not dict


@step
def nothing() -> None:
    create_file(system(), "/etc/app", None)  # M: has incompatible type "None"; expected "str  # e: create_file() takes str | Secret as content, not NoneType


@step
def result() -> None:
    made = apt(system(), "curl")  # M: "apt" does not return a value
    print(made)


@step
def keys() -> None:
    add_user(system(), "dora", ssh_keys="keys/dora.pub")  # E: is not a public key of SSH


@step
def name() -> None:
    set_hostname(system(), "web.example.org")  # E: is not the name of a machine


@step
def zone() -> None:
    set_time_zone(system(), "CEST")  # E: there is no time zone CEST


@step
def efi() -> Partition:
    return mkpart(table(), size=MiB(64), flags=("esp",))  # M: incompatible type "tuple[Literal['esp']]"; expected one of its words  # e: cannot have the flag 'esp'


@step
def not_there() -> None:
    create_file(system(), "/a", "a\n", unless=not path_exists(system(), "/a"))  # M: Argument "unless" to "create_file" has incompatible type "bool"  # e: a Fact is known only while building


@step
def size_of_disk() -> None:
    print(disk().size.gib)  # M: Item "Size" of "Size | None" has no attribute "gib"  # e: AttributeError
