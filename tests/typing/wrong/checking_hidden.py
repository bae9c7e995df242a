# header: system

from typing import TYPE_CHECKING, Any, cast

EXTRA: Any = "nano"  # E: warning: EXTRA is Any, so mypy checks no operation that it is given to


@step
def part() -> Any:  # E: warning: the step part returns Any, so mypy checks none of its uses
    return mkpart(table(), size=MiB(100))


def tool(name: Any) -> str:  # right: no operation is given this name
    return str(name)


def language() -> "Any":  # E: warning: language() returns Any, so mypy checks no operation
    return "python3"


def install(package: Any) -> None:  # E: warning: package is Any, so mypy checks no operation
    apt(system(), package, tool("curl"))


@step
def data() -> None:
    mount(mkext4(cast(Any, part())), "/srv", on=root())  # E: warning: mypy believes cast()
    install("less")
    fstab(system())
    apt(system(), *(EXTRA, language()))
    apt(root(), "vim") if not system() else None  # type: ignore[arg-type, truthy-bool]  # E: warning: mypy's report of this line is ignored: # type: ignore[arg-type, truthy-bool]
    chroot(system(), "true")  # pyright: ignore[reportCallIssue]  # E: warning: pyright does not check this in an editor: ignore[reportCallIssue]


if TYPE_CHECKING:
    from pathlib import Path
else:
    Path = None  # E: warning: mypy skips what runs only if TYPE_CHECKING is off
