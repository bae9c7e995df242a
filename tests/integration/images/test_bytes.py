"""The same plan gives the same bytes, whoever builds it, where and when."""

from __future__ import annotations

import re
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


def assert_same(one: Any, other: Any, checksum: str) -> None:
    if other.checksum() == checksum:
        return
    mine, theirs = dict(one.data()), dict(other.data())
    places = sorted(p for p in mine.keys() | theirs.keys() if mine.get(p) != theirs.get(p))
    pytest.fail(
        f"{one.image} and {other.image} differ in {len(places)} blocks, the first at {places[:5]}",
        pytrace=False,
    )


def test_root_builds_what_an_ordinary_user_builds(
    built: dict[str, Any], root_user: Any, look_at: Callable[..., Any]
) -> None:
    ours = built["announcement"]
    other = build_elsewhere(root_user, "announcement", *ours.expected.arguments)
    assert_same(ours.look, look_at(other, "announcement"), ours.checksum)


@pytest.fixture
def locked(built: dict[str, Any], image: Callable[..., Path], look_at: Callable[..., Any]) -> Any:
    """The image with filesystems of all kinds, without a way in; of what the cache has by now."""
    del built
    return look_at(image("hybrid"), "hybrid")


def test_no_password_lets_root_in(locked: Any) -> None:
    (root,) = re.findall(r"^root:([^:]*):", locked.read("/etc/shadow"), re.MULTILINE)
    assert root in {"*", "!"}


def test_all_kinds_of_filesystems_are_the_same(
    locked: Any, root_user: Any, look_at: Callable[..., Any]
) -> None:
    other = look_at(build_elsewhere(root_user, "hybrid"), "hybrid")
    assert_same(locked, other, locked.checksum())
