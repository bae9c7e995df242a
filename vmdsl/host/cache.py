"""Where layers, packages and logs are kept between builds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from vmdsl.errors import UsageError


def cache_directory(env: Mapping[str, str] = os.environ) -> Path:
    """$VMDSL_CACHE, or vmdsl in the user's own cache directory. It need not exist yet.

    A relative $XDG_CACHE_HOME is ignored, as its specification demands.
    """
    if own := env.get("VMDSL_CACHE"):
        return Path(own).absolute()
    users = Path(env.get("XDG_CACHE_HOME", ""))
    if users.is_absolute():
        return users / "vmdsl"
    try:
        return Path.home() / ".cache" / "vmdsl"
    except RuntimeError:
        raise UsageError("This user has no home directory: set VMDSL_CACHE.") from None
