"""LUKS and LVM in a plan: sizes, UUIDs, rules and obstacles."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from plans import plan_of
from vmdsl import programs
from vmdsl.errors import Problem
from vmdsl.language.handles import partitions_below
from vmdsl.operations.files.fstab import crypttab_text
from vmdsl.plan.evaluate import evaluate
from vmdsl.plan.lay_out import lay_out
from vmdsl.plan.load import load
from vmdsl.plan.rules.check import check, check_layout
from vmdsl.plan.rules.machine import obstacles
from vmdsl.review.data import plan_json

Write = Callable[[str], Path]
MIB = 2**20
PHRASE = "hunter2"
PACKAGES = '"linux-image-amd64", "grub-pc", "lvm2", "cryptsetup-initramfs"'
UUID = "ed09e570-a448-5eae-8a35-3b7317a07202"

#: LVM in LUKS, with /boot beside it: an image of 1025 MiB has 1024 MiB behind the first.
STEPS = {
    "table": ("Msdos", "mkmsdos(mkimg(MiB(1025)))"),
    "boot_partition": ("Partition", "mkpart(table(), size=MiB(199))"),
    "pv": ("Partition", "mkpart(table())"),
    "crypt": ("Luks", f'mkluks(pv(), Secret.from_text("{PHRASE}"))'),
    "vg0": ("VolumeGroup", "mkvg(crypt())"),
    "root_volume": ("LogicalVolume", 'mklv(vg0(), name="root-fs", size=MiB(401))'),
    "root": ("Mounted[Ext4]", "mount(mkext4(root_volume()))"),
    "swap": ("Swap", "mkswap(mklv(vg0()))"),
    "boot": ("Mounted[Ext2]", 'mount(mkext2(boot_partition()), "/boot", on=root())'),
    "system": ("RootFs", 'debootstrap(root(), suite="trixie")'),
    "packages": ("None", f"apt(system(), {PACKAGES})"),
    "boot_loader": ("None", "fstab(system()); grub_bios(system())"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find", lambda program: f"/usr/bin/{program}")


def recipe(write: Write, **changed: str) -> Path:
    """The recipe with other calls in some steps; an empty one leaves the step out."""
    steps = {name: (kind, changed.get(name, call)) for name, (kind, call) in STEPS.items()}
    more = {name: ("object", call) for name, call in changed.items() if name not in STEPS}
    return write(
        "".join(
            f"\n\n@step\ndef {name}() -> {kind}:\n"
            + ("    " if kind == "None" else "    return ")
            + f"{call}\n"
            for name, (kind, call) in {**steps, **more}.items()
            if call
        )
    )


def found(path: Path) -> list[Problem]:
    evaluated = evaluate(load(path), {})
    layout, problems = lay_out(evaluated.operations, recipe="r", seed="")
    assert layout is not None
    problems = [*evaluated.problems, *problems, *check(evaluated.operations, path)]
    return [*problems, *check_layout(evaluated.operations, layout)]


def test_everything_is_laid_out(write: Write) -> None:
    path = recipe(write)
    assert found(path) == []
    layout = plan_of(path).layout
    (luks,), (group,) = layout.luks, layout.groups
    root, swap = layout.volumes
    pv = layout.partitions[1]
    assert pv.size == 825 * MIB
    assert (luks.device, luks.size) == (pv, (825 - 16) * MIB)
    assert (group.devices, group.size) == ((luks,), 808 * MIB)
    assert (root.group, root.size) == (group, 404 * MIB)
    assert swap.size == (808 - 404) * MIB
    assert [f.device for f in layout.filesystems] == [root, swap, layout.partitions[0]]
    assert root.volume.dm_name == "vg0-root--fs"
    assert [p.number for p in layout.partitions] == [1, 2]


def test_uuids_are_derived_and_apart(write: Write) -> None:
    layout = plan_of(recipe(write)).layout
    (group,) = layout.groups
    of_lvm = [group.uuid, *group.physical, *(v.uuid for v in layout.volumes)]
    assert len({*of_lvm, layout.luks[0].uuid, *(f.uuid for f in layout.filesystems)}) == 8
    pattern = r"\w{6}(-\w{4}){5}-\w{6}"
    assert all(re.fullmatch(pattern, one, re.ASCII) and "_" not in one for one in of_lvm)
    again = plan_of(recipe(write)).layout
    assert (again.groups[0].uuid, again.luks[0].uuid) == (group.uuid, layout.luks[0].uuid)
    assert plan_of(recipe(write), name="other").layout.groups[0].uuid != group.uuid


def test_filesystems_keep_their_uuids(write: Write) -> None:
    """What lies between a partition and a filesystem changes nothing in what it is called."""
    inside = plan_of(recipe(write)).layout.filesystems[0]
    plain = plan_of(
        recipe(write, crypt="", vg0="", root_volume="pv()", swap="")
    ).layout.filesystems[0]
    assert inside.uuid == plain.uuid


def test_obstacles(write: Write) -> None:
    operations = plan_of(recipe(write)).operations
    assert [(p.step, p.what) for p in obstacles(operations)] == [
        ("crypt", "LUKS cannot be built yet"),
        ("vg0", "LVM cannot be built yet"),
        ("root_volume", "LVM cannot be built yet"),
        ("swap", "LVM cannot be built yet"),
    ]


def test_plan_shows_no_secret(write: Write) -> None:
    plan = plan_of(recipe(write))
    text = plan_json(plan)
    assert PHRASE not in text
    layout = json.loads(text)["layout"]
    assert [f["partition"] for f in layout["filesystems"]] == [None, None, 1]
    assert layout["filesystems"][0]["device"] == "root_volume"
    assert layout["luks"][0]["device"] == "pv"
    assert layout["volume_groups"][0]["devices"] == ["crypt"]
    assert [v["group"] for v in layout["logical_volumes"]] == ["vg0", "vg0"]


def test_crypttab(write: Write) -> None:
    layout = plan_of(recipe(write)).layout
    assert crypttab_text(layout) == f"crypt UUID={layout.luks[0].uuid} none luks,discard\n"


def test_luks_on_a_volume_and_groups_of_several_devices(write: Write) -> None:
    path = recipe(
        write,
        crypt="",
        pv="mkpart(table(), size=MiB(400))",
        vg0="mkvg(pv(), mkpart(table()))",
        root_volume='mkluks(mklv(vg0(), size=MiB(400)), Secret.from_file("recipe.py"))',
        system='debootstrap(root(), suite="trixie")',
    )
    assert found(path) == []
    layout = plan_of(path).layout
    assert layout.groups[0].size == (396 + 424) * MIB
    assert layout.luks[0].size == 384 * MIB
    root = layout.filesystems[0].filesystem
    assert [p.name for p in partitions_below(root.device)] == ["pv", "vg0"]
    assert layout.luks[0].luks.dm_name == "root_volume"


WRONG = {
    "volume_too_large": (
        {"root_volume": "mklv(vg0(), size=MiB(809))"},
        "it takes 812 MiB, and the volume group vg0 has 808 MiB left",
    ),
    "nothing_left": (
        {"root_volume": "mklv(vg0(), size=MiB(808))"},
        "no room is left for it in the volume group vg0 of 808 MiB",
    ),
    "two_take_the_rest": (
        {"root_volume": "mklv(vg0())"},
        "a second volume without a size beside root_volume (",
    ),
    "luks_too_small": (
        {"more": 'mkswap(mkluks(mkpart(table(), size=MiB(16)), Secret.from_text("x")))'},
        "LUKS takes 16 MiB for itself, and more has 16 MiB",
    ),
    "xfs_too_small_for_a_volume": (
        {"root_volume": "mklv(vg0(), size=MiB(200))", "root": "mount(mkxfs(root_volume()))"},
        "xfs takes 300 MiB at least, and the device root_volume has 200 MiB",
    ),
    "luks_unused": (
        {"more": 'mkluks(mkpart(table(), size=MiB(30)), Secret.from_text("x"))'},
        "what is encrypted here is never used",
    ),
    "group_unused": (
        {"more": "mkvg(mkpart(table(), size=MiB(30)))"},
        "this volume group has no volumes",
    ),
    "volume_unused": (
        {"more": "mklv(vg0(), size=MiB(4))"},
        "this logical volume is never used",
    ),
    "formatted_and_encrypted": (
        {"more": "mkswap(pv())"},
        "pv is in use already: crypt (",
    ),
    "encrypted_twice": (
        {"more": 'mkext4(mkluks(pv(), Secret.from_text("x")))'},
        "pv is in use already: crypt (",
    ),
    "in_two_groups": (
        {"more": "mkext4(mklv(mkvg(crypt())))"},
        "crypt is in use already: vg0 (",
    ),
    "volume_formatted_twice": (
        {"more": "mkswap(root_volume())"},
        "a second filesystem on the device root_volume: root (",
    ),
    "group_of_the_same_name": (
        {"more": 'mkext4(mklv(mkvg(mkpart(table(), size=MiB(30)), name="vg0")))'},
        "a second volume group with the name vg0: vg0 (",
    ),
    "mapper_of_the_same_name": (
        {"more": 'mkext4(mkluks(mkpart(table(), size=MiB(30)), Secret.from_text("x"), '
                 'name="vg0-swap"))'},
        "a second device in /dev/mapper with the name vg0-swap: swap (",
    ),
    "uuid_twice": (
        {"crypt": f'mkluks(pv(), Secret.from_text("x"), uuid="{UUID}")',
         "swap": f'mkswap(mklv(vg0()), uuid="{UUID}")'},
        f"crypt (recipe.py:21) has the UUID {UUID} already",
    ),
    "boot_is_encrypted": (
        {"boot": "mkswap(boot_partition())"},
        "GRUB cannot unlock crypt (",
    ),
    "no_lvm2": (
        {"packages": 'apt(system(), "linux-image-amd64", "grub-pc", "cryptsetup-initramfs")'},
        "no step above installs lvm2, which root needs to be found",
    ),
    "no_cryptsetup": (
        {"packages": 'apt(system(), "linux-image-amd64", "grub-pc", "lvm2")'},
        "no step above installs cryptsetup-initramfs, which root needs to be found",
    ),
    "fstab_by_partuuid": (
        {"boot_loader": 'fstab(system(), by="partuuid"); grub_bios(system())',
         "swap": "mkext4(mklv(vg0()))"},
        "root (recipe.py:36) is not on a partition, which fstab could name it by",
    ),
    "root_grows": (
        {"more": "grow_root(system())"},
        "root cannot grow: it is on root_volume, which is not a partition",
    ),
    "esp_of_lvm": (
        {"more": 'mkext4(mklv(mkvg(mkpart(table(), size=MiB(30), type="esp"), name="x")))'},
        "the EFI system partition more is part of a volume group",
    ),
    "esp_on_luks": (
        {"packages": f'apt(system(), "grub-efi-amd64", {PACKAGES})',
         "more": 'grub_uefi(system(), mount(mkvfat(mklv(vg0(), size=MiB(8), name="x")), '
                 '"/boot/efi", on=root()))'},
        "firmware cannot read more, which is on more",
    ),
    "group_grows": (
        {"table": "mkmsdos(mkimg(free=GiB(1)))"},
        "it can't grow with its content, as free= asks for: it holds no files",
    ),
    "handle_by_its_class": (
        {"root_volume": 'LogicalVolume(group=vg0(), lv_name="x")', "swap": ""},
        "LogicalVolume() makes a handle that the plan knows nothing of",
    ),
    "group_of_nothing": ({"more": "mkvg()"}, "a volume group of nothing"),
    "device_twice": (
        {"vg0": "mkvg(crypt(), crypt())"},
        "crypt is twice in a volume group",
    ),
    "volume_of_no_size": (
        {"more": "mklv(vg0(), size=Size(0))"},
        "a volume of 0 B",
    ),
    "bad_name": (
        {"more": 'mklv(vg0(), name="-root")'},
        "'-root' cannot be the name of the logical volume",
    ),
    "reserved_name": (
        {"more": 'mklv(vg0(), name="root_tdata")'},
        "the logical volume 'root_tdata': LVM keeps such names for itself",
    ),
    "name_with_a_slash": (
        {"crypt": 'mkluks(pv(), Secret.from_text("x"), name="/root")'},
        "'/root' cannot be the name of the mapped device",
    ),
    "another_type_among_options": (
        {"crypt": 'mkluks(pv(), Secret.from_text("x"), options=("--type=luks1",))'},
        "cryptsetup may not be given --type here",
    ),
    "label_too_long": (
        {"crypt": f'mkluks(pv(), Secret.from_text("x"), label="{"x" * 48}")'},
        "the label 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' is too long",
    ),
    "secret_of_nothing": (
        {"crypt": 'mkluks(pv(), Secret.from_text(" "))'},
        "a secret that is empty",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong(write: Write, name: str, tmp_path: Path) -> None:
    changed, expected = WRONG[name]
    problems = found(recipe(write, **changed))
    whats = [p.what.replace(f"{tmp_path}/", "") for p in problems]
    assert any(what.startswith(expected) for what in whats), whats
    assert all(p.where and p.hint for p in problems)


def test_more_of_what_is_right(write: Write) -> None:
    """A label on a volume, and /boot on LVM, which GRUB reads."""
    path = recipe(
        write,
        crypt="pv()",
        boot="",
        boot_partition="",
        root='mount(mkext4(root_volume(), label="root"))',
        swap='mkswap(mklv(vg0()), label="swap")',
        packages='apt(system(), "linux-image-amd64", "grub-pc", "lvm2")',
        boot_loader='fstab(system(), by="label"); grub_bios(system())',
    )
    assert found(path) == []
