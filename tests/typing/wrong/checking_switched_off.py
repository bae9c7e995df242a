# header: system

from typing import Any, cast, no_type_check

EVERYTHING: Any = None


@step
def cast_away() -> None:
    apt(cast("RootFs", root()), "nano")  # E: apt() takes RootFs as root, not Mounted[Ext4]


@step
def anything() -> Any:
    return mkpart(table(), size=MiB(100))


@step
def from_anything() -> Mounted[Ext4]:
    return mount(anything(), "/srv", on=root())  # E: mount() takes Mountable | Subvolume as filesystem, not Partition


@step
@no_type_check  # E: @no_type_check stops mypy's check of not_checked
def not_checked() -> None:
    create_file(system, "/etc/motd", "")  # E: create_file() takes Place as root, not Step


@step
def nothing() -> None:
    chroot(EVERYTHING, "true")  # E: chroot() takes RootFs as root, not NoneType


@step
def in_a_tuple() -> None:
    files: Any = (root(),)
    apt(system(), *files)  # E: apt() takes str as packages, not Mounted[Ext4]


@step
def executed() -> None:
    exec("apt(system(), 'nano')")  # E: the recipe runs code that mypy cannot check


@step
def evaluated() -> None:
    eval("system()")  # E: the recipe runs code that mypy cannot check
