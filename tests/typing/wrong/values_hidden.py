# header: system

from typing import Any

UNTYPED: dict[str, Any] = {"content": 3}


@step
def motd() -> None:
    create_file(system(), "/etc/motd", **UNTYPED)  # E: create_file() takes str | Secret as content, not int


@step
def packages() -> None:
    apt(system(), "curl", **{"suite": 13})  # type: ignore[arg-type]  # E: apt() takes Suite | str as suite, not int
