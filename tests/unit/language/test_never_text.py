from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from vmdsl import Flag, Option, RootFs, Suite
from vmdsl.errors import Where
from vmdsl.language.handles import Disk, Gpt, Mounted, Partition
from vmdsl.language.operation import Fact, Origin, Recorder, Refused, start_recording
from vmdsl.machines import Arch
from vmdsl.operations.disk.ext import Ext4
from vmdsl.values import GiB

WHERE = Where(Path("r.py"), 1)
ORIGIN = Origin("root", WHERE, Path())
DISK = Disk(_origin=ORIGIN, size=GiB(1))
PARTITION = Partition(_origin=ORIGIN, table=Gpt(_origin=ORIGIN, disk=DISK), type="linux")
MOUNTED = Mounted(
    _origin=ORIGIN, source=Ext4(_origin=ORIGIN, device=PARTITION), path=PurePosixPath("/")
)
SYSTEM = RootFs(mounted=MOUNTED, suite=Suite("trixie"), arch=Arch.AMD64)
OPTION = Option("x", "Help.", WHERE)
FLAG = Flag(True, "Help.", WHERE)
VALUES = {
    "disk": (DISK, ".size"),
    "partition": (PARTITION, ".type"),
    "mounted": (MOUNTED, ".path"),
    "system": (SYSTEM, ".suite, .arch"),
    "fact": (Fact(_origin=ORIGIN), "unless="),
    "option": (OPTION, "call it"),
    "flag": (FLAG, "call it"),
    "condition": (~FLAG, "call it"),
}
WAYS: dict[str, Callable[[object], str]] = {
    "str": str,
    "f-string": lambda value: f"{value}",
    "width": lambda value: f"{value:>40}",
    "percent": lambda value: "%s" % (value,),  # noqa: UP031 (this is a way)
    "format": "{}".format,
}


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("way", WAYS)
def test_refused_in_a_recipe(name: str, way: str) -> None:
    value, hint = VALUES[name]
    recorder = Recorder(Path("r.py"), value_of=id, result_of=id, step="a")
    undo = start_recording(recorder)
    try:
        with pytest.raises(Refused):
            WAYS[way](value)
        assert repr(value)
    finally:
        undo()
    (problem,) = recorder.problems
    assert problem.what.endswith("cannot become text")
    assert hint in problem.hint


@pytest.mark.parametrize("name", VALUES)
def test_shown_outside_of_one(name: str) -> None:
    value, _ = VALUES[name]
    assert f"{value}" == str(value) == repr(value)
