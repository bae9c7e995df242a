"""What an editor offers on a handle: its fields, and little else."""

from __future__ import annotations

from dataclasses import fields

import pytest

import vmdsl
from vmdsl.language.operation import LayoutOperation

#: Those of every operation, for rules and messages.
SHARED = {"name", "origin", "problem", "programs", "shown", "summary"}
HANDLES = (
    *(vmdsl.Gpt, vmdsl.Msdos, vmdsl.Partition, vmdsl.Luks, vmdsl.VolumeGroup, vmdsl.Swap),
    *(vmdsl.Mounted, vmdsl.RootFs),
)


@pytest.mark.parametrize("kind", HANDLES, ids=lambda kind: kind.__name__)
def test_a_handle_offers_its_fields(kind: type) -> None:
    own = {one.name for one in fields(kind)}
    offered = own | {name for name in dir(kind) if not name.startswith("_")}
    of_filesystems = set(dir(vmdsl.Filesystem)) if issubclass(kind, vmdsl.Filesystem) else set()
    assert offered - own - SHARED - of_filesystems <= {"kind", "traits"}


def test_what_a_build_does_is_not_on_handles() -> None:
    for name in ("local_files", "is_repeatable", "check_plan", "irrelevant", "directory"):
        assert not hasattr(LayoutOperation, name)
        assert hasattr(vmdsl.TreeOperation, name)
        assert hasattr(vmdsl.ImageOperation, name)
