"""What fills the empty tree with a system, in whatever way."""

from __future__ import annotations

import re
from typing import Any

from vmdsl.language.effects import TreeOperation
from vmdsl.language.handles import Mounted
from vmdsl.language.operation import operation, refuse
from vmdsl.machines import Arch
from vmdsl.values import Suite

_PROXY = re.compile(r"(https?|socks5h?)://[^\s/]+/?")


@operation
class RootMaker(TreeOperation):
    """What fills the empty tree with a system."""

    reads_layout = False

    suite: Suite
    arch: Arch


def check_place(mounted: Mounted[Any]) -> None:
    """Refuse a system anywhere but in the root filesystem."""
    if mounted.on is not None:
        raise refuse(
            f"a system at {mounted.path}",
            "give the filesystem that is mounted at /",
            about="mounted",
        )


def check_proxy(proxy: str) -> None:
    """Refuse what is no address of a proxy, unless there is none."""
    if proxy and not _PROXY.fullmatch(proxy):
        raise refuse(
            f"{proxy!r} is no address of a proxy",
            "such as http://proxy.example:3128",
            about="proxy",
        )


def suite_of(suite: Suite | str) -> Suite:
    """The suite that a recipe names; refuses what is no name."""
    if isinstance(suite, Suite):
        return suite
    try:
        return Suite.parse(suite)
    except ValueError as error:
        what, _, hint = str(error).partition(", ")
        raise refuse(what, hint, about="suite") from None
