"""The same plan gives the same bytes, whoever builds it, where and when."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from users import User

pytestmark = pytest.mark.integration

MINUTES = 60

#: Another machine as far as can be: its name, its day, its language, and who may read files.
ELSEWHERE = """\
hostname elsewhere-on-another-machine
umask 077
export TZ=Pacific/Kiritimati LANG=de_DE.UTF-8 LC_ALL=
exec "$@"
"""


def build_elsewhere(root_user: User, recipe: str, *arguments: str) -> Path:
    """Build an image as root, with a cache that nobody has used for it."""
    output = root_user.folder("elsewhere") / "other.img"
    source = root_user.checkout / f"recipes/{recipe}.py"
    vmdsl = root_user.checkout / ".venv/bin/vmdsl"
    done = root_user.run(
        *("unshare", "--uts", "sh", "-ec", ELSEWHERE, "sh", vmdsl),
        *("build", source, "--output", output),
        *arguments,
        timeout=20 * MINUTES,
    )
    assert done.returncode == 0, done.stdout
    return output


def test_root_builds_what_an_ordinary_user_builds(
    built: Callable[[str], Any], root_user: User, look_at: Callable[..., Any]
) -> None:
    """Elsewhere, and the image with all that most images have; the user's layers may be cached."""
    arguments = ("--console-login",)
    one = built("hybrid")
    other = look_at(build_elsewhere(root_user, "hybrid", *arguments), "hybrid", *arguments)
    if other.checksum() != one.checksum():
        mine, theirs = dict(one.data()), dict(other.data())
        places = sorted(p for p in mine.keys() | theirs.keys() if mine.get(p) != theirs.get(p))
        pytest.fail(f"{len(places)} blocks differ, the first at {places[:5]}", pytrace=False)
