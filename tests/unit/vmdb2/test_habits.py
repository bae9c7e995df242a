"""vmdb2's habits: functions of vmdsl with other defaults."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import vmdsl
from vmdsl.plan.load import load
from vmdsl.plan.plan import make_plan
from vmdsl.plan.typecheck import Untyped
from vmdsl.review.data import plan_json
from vmdsl_stdlib import vmdb2

RECIPE = """\
from vmdsl import Ext4, GiB, Gpt, Mounted, RootFs, Vfat, apt, fstab
from vmdsl import mkext4, mkgpt, mkimg, mkpart, mkvfat, step
from {module} import debootstrap, grub_uefi, mount

@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4)))

@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), type="esp", size=GiB(1)))

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())){mount})

@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie"{debootstrap})

@step
def boots() -> None:
    fstab(system())
    apt(system(), "linux-image-amd64", "grub-efi-amd64")
    grub_uefi(system(), mount(esp(), "/boot/efi", on=root(){mount}){grub})
"""


def planned(file: Path, module: str, **arguments: str) -> str:
    file.write_text(RECIPE.format(module=module, **arguments), "utf-8")
    plan = make_plan(file, {}, cache=Path("/nowhere"), loaded=load(file), types=Untyped())
    return plan_json(plan)


WRITTEN_OUT = {
    "mount": ', options=("defaults",)',
    "debootstrap": ', format="one-line"',
    "grub": f", timeout=0, default_parameters={vmdb2.PARAMETERS!r}",
}
CHOSEN = {
    "mount": ', options=("noatime",)',
    "debootstrap": ', format="deb822"',
    "grub": ', timeout=3, default_parameters=("quiet",)',
}


@pytest.mark.parametrize(
    ("given", "same"),
    [({"mount": "", "debootstrap": "", "grub": ""}, WRITTEN_OUT), (CHOSEN, CHOSEN)],
)
def test_habits_are_arguments_that_are_left_out(
    given: dict[str, str], same: dict[str, str], tmp_path: Path
) -> None:
    here = planned(tmp_path / "pc.py", "vmdsl_stdlib.vmdb2", **given)
    assert here == planned(tmp_path / "pc.py", "vmdsl", **same)


def test_help_shows_the_defaults() -> None:
    assert inspect.signature(vmdb2.mount).parameters["options"].default == ("defaults",)
    assert inspect.signature(vmdb2.debootstrap).parameters["format"].default == "one-line"
    for function in (vmdb2.grub_bios, vmdb2.grub_uefi, vmdb2.grub_ieee1275):
        found = inspect.signature(function).parameters
        assert (found["timeout"].default, found["quiet"].default) == (0, False)
        assert found["default_parameters"].default == vmdb2.PARAMETERS
    assert vmdb2.mount.__doc__ == vmdsl.mount.__doc__
