"""Which scripts need an index of packages."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from vmdsl import Arch, RootFs, Suite
from vmdsl.language.effects import Tree
from vmdsl.operations.packages import apt_index
from vmdsl.operations.packages.apt_index import has_index


class FakeTree:
    """Knows whether there is an index."""

    def __init__(self, *, has_index: bool) -> None:
        self.has_index = has_index

    def inside(self, function: Any) -> bool:
        assert function is has_index
        return self.has_index


@pytest.fixture
def system() -> RootFs:
    return RootFs(mounted=cast("Any", None), suite=Suite("bookworm"), arch=Arch.AMD64)


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    got: list[Path] = []
    monkeypatch.setattr(apt_index, "current_index", lambda *_: Path("index"))
    monkeypatch.setattr(apt_index, "use_index", lambda _, index: got.append(index))
    return got


@pytest.mark.parametrize(
    ("script", "wants"),
    [
        ("apt -y install python3 parted", True),
        ("export X=1; apt-get -qq -o A=b dist-upgrade", True),
        ('chroot "$ROOT" apt-get install -y --no-install-recommends vim', True),
        ("aptitude install vim", True),
        ("apt-get clean\nrm -rf /var/lib/apt/lists", False),
        ("apt-get update; install -m 644 a b", False),
        ("apt-mark hold linux && make install", False),
        ("echo apt >> packages", False),
    ],
)
def test_scripts(script: str, wants: bool, system: RootFs, used: list[Path]) -> None:  # noqa: FBT001 (a parameter of the test)
    tree = cast("Tree", FakeTree(has_index=False))
    apt_index.index_for_script(tree, system, script)
    assert used == [Path("index")] * wants


def test_an_index_that_is_there_stays(system: RootFs, used: list[Path]) -> None:
    tree = cast("Tree", FakeTree(has_index=True))
    apt_index.index_for_script(tree, system, "apt-get install vim")
    assert used == []
