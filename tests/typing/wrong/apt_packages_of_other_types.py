# header: system

from pathlib import Path


@step
def numbers() -> None:
    apt(system(), 1, 2)  # M: Argument 2 to "apt" has incompatible type "int"; expected "str"  # e: apt() takes str as packages, not int


@step
def files() -> None:
    files = [Path("a.deb"), Path("b.deb")]
    apt(system(), *files)  # M: Argument 2 to "apt" has incompatible type "*list[Path]"; expected "str"  # e: apt() takes str as packages, not PosixPath
