"""Unit tests start no program; and a recipe's calls, made outside of a recipe."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Never

import pytest

from vmdsl import Ext4, GiB, Mounted, RootFs, debootstrap, mkext4, mkgpt, mkimg, mkpart, mount
from vmdsl.language.operation import Recorder, start_recording

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


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """What is called in the test goes into this, as in a step named `here`."""
    made = Recorder(Path("/recipes/r.py"), value_of=id, result_of=id, step="here")
    undo = start_recording(made)
    yield made
    undo()


@pytest.fixture
def root(recorder: Recorder) -> Mounted[Ext4]:
    """A root filesystem."""
    assert recorder.step
    return mount(mkext4(mkpart(mkgpt(mkimg(GiB(4))))))


@pytest.fixture
def system(root: Mounted[Ext4]) -> RootFs:
    """A system in it."""
    return debootstrap(root, suite="trixie")


#: A recipe that does nothing.
OFFERED = '''"""A machine.

It does nothing.
"""
from vmdsl import step

@step
def disk() -> None:
    pass
'''


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Installs a package whose recipe is this one, and returns the folder of installed packages."""
    place = tmp_path / "site-packages"
    place.mkdir()
    monkeypatch.syspath_prepend(str(place))

    def install(
        package: str, value: str = "", name: str = "acme-server", source: str = OFFERED
    ) -> Path:
        folder = place / package
        folder.mkdir()
        (folder / "__init__.py").write_text("raise AssertionError('it is imported')\n")
        (folder / "server.py").write_text(source)
        about = place / f"{package}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        entry = f"[vmdsl.recipes]\n{name} = {value or f'{package}.server'}\n"
        (about / "entry_points.txt").write_text(entry)
        return place

    return install
