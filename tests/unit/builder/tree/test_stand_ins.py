"""Which programs get a stand-in in their own place: those that PATH does not lead to."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmdsl.builder.tree.stand_ins import StandIns
from vmdsl.language.operation import Recorder, Script, start_recording
from vmdsl.operations.disk.disks import mkgpt, mkimg, mkpart, mount
from vmdsl.operations.disk.ext import mkext4
from vmdsl.plan.lay_out import lay_out
from vmdsl.values import GiB


@pytest.fixture
def stand_ins(tmp_path: Path) -> StandIns:
    recorder = Recorder(Path("/recipes/r.py"), value_of=id, result_of=id, step="here")
    undo = start_recording(recorder)
    mount(mkext4(mkpart(mkgpt(mkimg(GiB(1))))))
    undo()
    layout, _ = lay_out(recorder.operations, recipe="r", seed="")
    assert layout is not None
    (tmp_path / "dev").mkdir()
    return StandIns(tmp_path / "dev", layout, ())


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ("update-grub", []),
        ("grub-install /dev/vda", []),
        ("/usr/sbin/update-grub", []),  # it calls grub-mkconfig by name
        ("/usr/sbin/grub-install /dev/vda", ["grub-install"]),
        ("x=$(/sbin/blkid -o value) && /bin/df /", ["blkid", "df"]),
        ("cp /usr/sbin/grub-install.real /usr/bin/dfc /srv", []),
        ("MANPATH=/x LD_LIBRARY_PATH=/y grub-install", []),
        ("echo sudoers su-exec", []),
    ],
)
def test_by_its_path(stand_ins: StandIns, script: str, names: list[str]) -> None:
    found = stand_ins.called_by_path([Script(text=""), Script(text=script)])
    assert sorted(found) == names


@pytest.mark.parametrize(
    "script",
    [
        "export PATH=/usr/sbin:/usr/bin\nupdate-grub",
        "sudo update-grub",
        "su - root -c update-grub",
        "env -i update-grub",
        "bash -lc update-grub",
        "bash --login -c update-grub",
    ],
)
def test_with_another_path_all_are_meant(stand_ins: StandIns, script: str) -> None:
    found = stand_ins.called_by_path([Script(text=script)])
    assert {"grub-install", "grub-mkconfig", "grub-probe", "mkinitramfs", "blkid"} <= set(found)
