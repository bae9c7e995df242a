from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vmdsl import Ext4, GiB, Mounted, RootFs, debootstrap, mkext4, mkgpt, mkimg, mkpart, mount
from vmdsl.language.operation import Recorder, start_recording


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
