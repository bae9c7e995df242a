"""Unit tests start no program."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from typing import Never

import pytest

_STARTERS = (
    *((os, name) for name in ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system", "popen")),
    (subprocess, "Popen"),
)


def _refuse(*args: object, **_: object) -> Never:
    pytest.fail(f"A unit test started a program: {args}. Such a test belongs in tests/integration.")


@pytest.fixture(autouse=True)
def no_programs() -> Iterator[None]:
    """Make every way to start a program fail the test, even where errors are caught."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in _STARTERS:
            patch.setattr(module, name, _refuse)
        yield
