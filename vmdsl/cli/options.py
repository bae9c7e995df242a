"""Options that several commands take, and how the value of one is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vmdsl.cli.markup import literal

if TYPE_CHECKING:
    from vmdsl.builder.cache.cache_dir import CacheDir

Cache = Annotated[
    Path | None,
    typer.Option(
        "--cache-dir",
        help="Where layers, packages and logs are kept. "
        + literal("[default: $VMDSL_CACHE, or ~/.cache/vmdsl]"),
        show_default=False,
    ),
]


def cache_of(given: Path | None) -> CacheDir:
    """Return the cache directory: the one given, or the user's own."""
    from vmdsl.builder.cache.cache_dir import CacheDir, default_cache_dir  # noqa: PLC0415 (slow)

    return CacheDir(path=given.absolute()) if given else default_cache_dir()


def value_in_words(value: object) -> str:
    """The value of a recipe's option, for people."""
    if value is None:
        return "none"
    return ("on" if value else "off") if isinstance(value, bool) else str(value)
