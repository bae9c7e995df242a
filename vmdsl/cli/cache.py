"""`vmdsl cache`: what is kept between builds."""

from __future__ import annotations

from typing import Annotated

import typer

from vmdsl.cli.options import Cache, cache_of

_Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of a kept tree.")]


def shell(name: _Name, *, cache_dir: Cache = None) -> None:
    """Open a shell in a tree that a build has kept (with --on-error keep)."""
    from vmdsl.build.kept import visit  # noqa: PLC0415 (slow)
    from vmdsl.cli.terminal import connect, require_terminal  # noqa: PLC0415

    require_terminal("a shell", "")
    visit(cache_of(cache_dir), name, connect)


def remove(name: _Name, *, cache_dir: Cache = None) -> None:
    """Remove a tree that a build has kept."""
    from vmdsl.build.kept import remove as remove_kept  # noqa: PLC0415

    remove_kept(cache_of(cache_dir), name)
