"""What steps of vmdb2 come to: by the cases in the files beside this one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from translations import Case, added, cases
from vmdsl.vmdb2.reading.step_kinds import FIELDS

HERE = Path(__file__).parent
KEYS = list(cases(HERE / "keys.txt"))
OTHERS = [case for name in ("tags.txt", "forms.txt") for case in cases(HERE / name)]
#: What vmdb2 does with these is of no account here.
NO_MATTER = {
    "mkimg.mkimg": "a recipe's image has no name",
    "set_part_flag.set_part_flag": "another name than the image's is in tags.txt",
    "kpartx.kpartx": "the same",
    "mount.zerofree": "what is free was never written",
    "debootstrap.require_empty_target": "the tree is empty, whatever is mounted",
    "grub.root-part": "vmdb2 has no such key any more, and knew better before",
    "error.teardown": "the build is refused",
    "echo.echo": "nothing is printed",
    "echo.teardown": "the same",
}


@pytest.mark.parametrize("case", [*KEYS, *OTHERS], ids=lambda case: case.title)
def test_steps_come_to(case: Case) -> None:
    assert added(case.above, re.sub("[«»]", "", case.steps)) == case.expected


@pytest.mark.parametrize("case", KEYS, ids=lambda case: case.title)
def test_every_key_matters(case: Case) -> None:
    without, times = re.subn("«.*?»", "zzz" if ": «" in case.steps else "", case.steps)
    assert times
    is_same = added(case.above, without) == case.expected
    assert is_same == (case.title in NO_MATTER)


def test_every_key_has_a_case() -> None:
    steps = FIELDS.values()
    every = {f"{step[0].keys[0]}.{key}" for step in steps for field in step for key in field.keys}
    named = {case.title for case in KEYS}
    assert every - named <= set(NO_MATTER)
    assert named <= every
