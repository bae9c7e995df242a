# header: system

PACKAGES = ("vim", "less")


def tools(system):  # M: Function is missing a type annotation
    apt(system, "nano")


@step
def packages() -> None:
    tools(system())
    apt(system(), PACKAGES)  # M: Argument 2 to "apt" has incompatible type "tuple[str, str]"  # e: apt() takes str as packages, not tuple


@step
def answers() -> None:
    preseed(system(), {"tzdata/Areas": "Europe"})  # M: Argument 2 to "preseed" has incompatible type "dict[str, str]"  # e: preseed() takes str as answers, not dict


@step
def user() -> None:
    add_user(system(), "ann", ssh_keys=["~/.ssh/id_ed25519.pub"])  # M: Argument "ssh_keys" to "add_user" has incompatible type "list[str]"  # e: add_user() takes str as ssh_keys, not list


@step
def esp() -> Mounted[Vfat]:
    return mount(mkvfat(mkpart(table(), size=MiB(64))), "/boot/efi", on="/")  # M: Argument "on" to "mount" has incompatible type "str"  # e: mount() takes Mounted[Any]
