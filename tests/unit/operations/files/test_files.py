from __future__ import annotations

from pathlib import Path

import pytest

from vmdsl import MiB, RootFs, copy_file, create_file, mkext4, mkpart, mount, path_exists
from vmdsl.language.handles import Mounted, partitions_below
from vmdsl.language.operation import Recorder, Refused
from vmdsl.operations.disk.ext import Ext4
from vmdsl.operations.files.files import CopyFile, CreateFile, PathExists


def test_path_starts_at_the_mount(recorder: Recorder, root: Mounted[Ext4]) -> None:
    srv = mount(
        mkext4(mkpart(partitions_below(root.filesystem.device)[0].table, size=MiB(1))),
        "/srv",
        on=root,
    )
    create_file(srv, "/data/motd", "Hello")
    operation = recorder.operations[-1]
    assert isinstance(operation, CreateFile)
    assert (operation.path, operation.mode) == ("/srv/data/motd", 0o644)


@pytest.mark.parametrize("path", ["etc/motd", "", "/", "/etc/../x", "..", "//etc/motd", "/.."])
def test_paths_that_are_refused(recorder: Recorder, system: RootFs, path: str) -> None:
    for call in (
        lambda: create_file(system, path, ""),
        lambda: copy_file(system, "motd", path),
        lambda: path_exists(system, path),
    ):
        recorder.problems.clear()
        with pytest.raises(Refused):
            call()
        assert "is not the path of a file" in recorder.problems[0].what


@pytest.mark.parametrize("mode", [0, 0o600, 0o644, 0o755, 0o1777, 0o2775, 0o4755, 0o7777])
def test_modes(recorder: Recorder, system: RootFs, mode: int) -> None:
    create_file(system, "/a", "", mode=mode)
    assert recorder.problems == []


@pytest.mark.parametrize("mode", [-1, 0o10000, 0o100644, 644, 755, 600, 777])
def test_modes_that_are_refused(recorder: Recorder, system: RootFs, mode: int) -> None:
    with pytest.raises(Refused):
        create_file(system, "/a", "", mode=mode)
    assert len(recorder.problems) == 1


def test_local_files(recorder: Recorder, system: RootFs) -> None:
    copy_file(system, "files/motd", "/etc/motd")
    operation = recorder.operations[-1]
    assert isinstance(operation, CopyFile)
    assert operation.local_files() == (Path("files/motd"),)


def test_fact_is_never_asked(recorder: Recorder, system: RootFs) -> None:
    fact = path_exists(system, "/etc/motd")
    operation = recorder.operations[-1]
    assert isinstance(operation, PathExists)
    assert operation.fact is fact
    with pytest.raises(Refused):
        bool(fact)
    assert "known only while building" in recorder.problems[0].what
