"""LUKS and LVM in a plan: sizes, UUIDs, and rules."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans import plan_of
from vmdsl import programs
from vmdsl.errors import Problem
from vmdsl.language.handles import partitions_below
from vmdsl.language.layout import Layout, VolumeLayout
from vmdsl.operations.files.fstab import crypttab_text
from vmdsl.plan.evaluate import evaluate
from vmdsl.plan.lay_out import lay_out, with_size
from vmdsl.plan.lay_out_volumes import allot
from vmdsl.plan.load import load
from vmdsl.plan.rules.check import check, check_layout
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
    """The initramfs opens what the root is on, and the system all else."""
    more = 'mkswap(mkluks(mkpart(table(), size=MiB(30)), Secret.from_text("x"), name="other"))'
    layout = plan_of(recipe(write, more=more)).layout
    early, later = (place.uuid for place in layout.luks)
    assert crypttab_text(layout) == (
        f"crypt UUID={early} none luks,discard,initramfs\nother UUID={later} none luks,discard\n"
    )


def test_a_partition_of_a_group_has_the_type_of_lvm(write: Write) -> None:
    """Unless it is told another one, which is a warning."""
    layout = plan_of(recipe(write, crypt="", vg0="mkvg(pv())")).layout
    assert [(p.type, p.type_code) for p in layout.partitions] == [("linux", "83"), ("lvm", "8e")]
    path = recipe(write, crypt="", vg0="mkvg(pv())", pv='mkpart(table(), type="swap")')
    assert [p.what for p in found(path)] == [
        "pv has the type swap, and it is part of a volume group"
    ]
    assert plan_of(path).layout.partitions[1].type == "swap"


ON_TWO = {
    "crypt": "",
    "pv": "mkpart(table(), size=MiB(101))",
    "vg0": 'mkvg(pv(), mkpart(table()), name="g")',
}


def pieces(layout: Layout) -> dict[str, list[tuple[int, int, int]]]:
    """The segments of each volume, by its name."""
    return {
        volume.volume.lv_name: [(s.device, s.first, s.count) for s in volume.segments]
        for volume in layout.volumes
    }


def test_volumes_are_in_one_piece_where_they_can_be(write: Write) -> None:
    """The partitions have 25 and 180 extents."""
    layout = plan_of(
        recipe(
            write,
            **ON_TWO,
            root_volume='mklv(vg0(), size=MiB(721), name="large")',
            swap='mkswap(mklv(vg0(), size=MiB(8), name="small"))',
        )
    ).layout
    assert layout.groups[0].extents == (25, 180)
    assert pieces(layout) == {"large": [(0, 2, 23), (1, 0, 158)], "small": [(0, 0, 2)]}
    layout = plan_of(
        recipe(
            write,
            **ON_TWO,
            root_volume='mklv(vg0(), name="rest")',
            swap='mkswap(mklv(vg0(), size=MiB(104), name="second"))',
        )
    ).layout
    assert pieces(layout) == {"rest": [(0, 0, 25), (1, 26, 154)], "second": [(1, 0, 26)]}


def test_shares_of_a_group_are_rounded_down(write: Write) -> None:
    layout = plan_of(
        recipe(
            write,
            **ON_TWO,
            root_volume="mklv(vg0(), size=Percent(33.3))",
            swap="mkswap(mklv(vg0(), size=Percent(0.1)))",
        )
    ).layout
    assert [v.size for v in layout.volumes] == [68 * 4 * MIB, 4 * MIB]


def test_other_extents(write: Write) -> None:
    changed = {**ON_TWO, "vg0": "mkvg(pv(), mkpart(table()), extent=KiB(128))"}
    layout = plan_of(recipe(write, **changed, root_volume="mklv(vg0(), size=MiB(401))")).layout
    assert layout.groups[0].extents == (800, 723 * 8)
    assert [v.size for v in layout.volumes] == [401 * MIB, (100 + 723 - 401) * MIB]


GROWS = {
    **ON_TWO,
    "table": "mkmsdos(mkimg(free=MiB(70)))",
    "last": "mkswap(mkpart(table(), size=MiB(1)))",
    "root_volume": 'mklv(vg0(), name="root")',
    "swap": 'mkswap(mklv(vg0(), size=MiB(10), name="swap"))',
}


def test_a_volume_grows_with_its_content(write: Write) -> None:
    """Its group, the partition, and the image grow with it, and nothing else changes."""
    path = recipe(write, **GROWS)
    assert found(path) == []
    before = plan_of(path).layout
    root = before.filesystems[0]
    assert [before.is_open(f.device) for f in before.filesystems] == [True, False, False, False]
    assert [before.is_open(p) for p in before.partitions] == [False, False, True, False]
    assert [before.is_movable(p) for p in before.partitions] == [False, False, False, True]
    assert (before.groups[0].extents, root.device.size) == ((25, 1), 23 * 4 * MIB)

    after, problems = with_size(before, 501 * MIB)
    assert problems == []
    assert after.open is None
    root, swap, *_ = after.filesystems
    assert root.device.size == 504 * MIB
    assert after.groups[0].extents == (25, 104)
    assert [p.size // MIB for p in after.partitions] == [199, 101, 417, 1]
    assert after.partitions[3].start == after.partitions[2].end
    assert after.size == after.partitions[3].end
    assert pieces(after) == {"root": [(0, 3, 22), (1, 0, 104)], "swap": [(0, 0, 3)]}
    assert (root.device, swap.device) == after.volumes
    assert [v.group for v in after.volumes] == [after.groups[0]] * 2
    assert after.mounts[0].filesystem is root
    assert [v.uuid for v in after.volumes] == [v.uuid for v in before.volumes]
    assert [f.uuid for f in after.filesystems] == [f.uuid for f in before.filesystems]
    small, _ = with_size(before, 1)
    assert small.groups[0].extents == (25, 1)


def test_encrypted_volumes_grow_too(write: Write) -> None:
    """A filesystem on LUKS on a volume, of a group on LUKS."""
    changed = {
        **GROWS,
        "crypt": 'mkluks(mkpart(table()), Secret.from_text("x"))',
        "vg0": "mkvg(pv(), crypt())",
        "root_volume": 'mkluks(mklv(vg0(), name="root"), Secret.from_text("x"))',
    }
    before = plan_of(recipe(write, **changed)).layout
    assert before.is_open(before.filesystems[0].device)
    after, problems = with_size(before, 480 * MIB)
    assert problems == []
    assert after.filesystems[0].device.size == 480 * MIB
    assert after.volumes[0].size == 496 * MIB
    assert [one.size // MIB for one in after.luks] == [1 + 496 + 12 - 100, 480]
    assert after.filesystems[0].device is after.luks[1]
    assert after.luks[1].device is after.volumes[0]


@given(
    sizes=st.lists(st.integers(0, 9), min_size=1, max_size=4),
    wanted=st.lists(st.one_of(st.none(), st.integers(1, 12)), max_size=6),
)
def test_extents_belong_to_one_volume(sizes: list[int], wanted: list[int | None]) -> None:
    """As long as there is room, each volume has as many as it needs; else some of these."""
    extent = 4 * MIB
    group = SimpleNamespace(extent=extent, extents=tuple(sizes), devices=tuple(sizes))
    volumes = [
        VolumeLayout(
            volume=SimpleNamespace(size=count, stripes=None),  # type: ignore[arg-type]
            group=group,  # type: ignore[arg-type]
            size=(count or 0) * extent,
            uuid=str(number),
        )
        for number, count in enumerate(wanted)
    ]
    placed = allot(group, volumes)  # type: ignore[arg-type]
    assert [v.uuid for v in placed] == [v.uuid for v in volumes]
    taken = [(s.device, s.first + n) for v in placed for s in v.segments for n in range(s.count)]
    assert len(taken) == len(set(taken))
    assert all(0 <= first < sizes[device] for device, first in taken)
    sized = sum(count for count in wanted if count)
    rest = next((v for v in placed if v.volume.size is None), None)
    if sized <= sum(sizes):
        for volume in placed:
            if volume.volume.size is not None or volume is rest:
                assert volume.size == sum(s.count for s in volume.segments) * extent
        assert rest is None or rest.size == (sum(sizes) - sized) * extent
    if rest is not None:
        assert len(taken) == sum(sizes) or sized > sum(sizes)


@given(
    sizes=st.lists(st.integers(0, 9), min_size=2, max_size=4),
    each=st.one_of(st.none(), st.integers(1, 5)),
    more=st.integers(1, 4),
)
def test_stripes_are_on_devices_of_their_own(sizes: list[int], each: int | None, more: int) -> None:
    """All of a size; a linear volume takes what they leave."""
    extent = 4 * MIB
    group = SimpleNamespace(extent=extent, extents=tuple(sizes), devices=tuple(sizes))
    kinds = ((each and 2 * each, 2), (more, None))
    linear, striped = [
        VolumeLayout(
            volume=SimpleNamespace(size=count, stripes=stripes),  # type: ignore[arg-type]
            group=group,  # type: ignore[arg-type]
            size=(count or 0) * extent,
            uuid="",
        )
        for count, stripes in reversed(kinds)
    ]
    other, placed = allot(group, [linear, striped])  # type: ignore[arg-type]
    taken = [(s.device, s.first + n) for v in (other, placed) for s in v.segments
             for n in range(s.count)]  # fmt: skip
    assert len(taken) == len(set(taken))
    assert all(0 <= first < sizes[device] for device, first in taken)
    counts = [segment.count for segment in placed.segments]
    has_room = each is not None and sorted(sizes)[-2] >= each
    if each is not None:
        assert counts == ([each, each] if has_room else [])
    else:
        assert placed.size == sum(counts) * extent
        assert counts in ([], [min(counts, default=0)] * 2)


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
        "root cannot grow: it is on root_volume, and what is encrypted does not grow",
    ),
    "partition_of_root_is_not_last": (
        {**ON_TWO, "last": "mkswap(mkpart(table(), start=MiB(600)))",
         "more": "grow_root(system())"},
        "vg0 cannot grow: last is behind it on the disk",
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
    "swap_grows": (
        {"table": "mkmsdos(mkimg(free=GiB(1)))"},
        "it can't grow with its content, as free= asks for: it holds no files",
    ),
    "group_of_sizes_grows": (
        {"table": "mkmsdos(mkimg(free=GiB(1)))", "swap": ""},
        "it can't grow with its content, as free= asks for: each volume has a size",
    ),
    "share_of_what_grows": (
        {"table": "mkmsdos(mkimg(free=GiB(1)))", "root_volume": "mklv(vg0(), size=Percent(50))"},
        "50% of the volume group vg0, which grows with its content",
    ),
    "device_of_no_extent": (
        {
            "pv": "mkpart(table(), size=MiB(800))",
            "vg0": "mkvg(crypt(), mkpart(table(), size=MiB(4)))",
        },
        "LVM takes 1 MiB for itself, and 4 MiB for an extent, and vg0 has 4 MiB",
    ),
    "extents_of_no_power_of_two": (
        {"vg0": "mkvg(crypt(), extent=MiB(3))"},
        "a volume group with extents of 3 MiB",
    ),
    "extents_too_small": (
        {"vg0": "mkvg(crypt(), extent=KiB(64))"},
        "a volume group with extents of 64 KiB",
    ),
    "extents_of_nothing": (
        {"vg0": "mkvg(crypt(), extent=Size(0))"},
        "a volume group with extents of 0 B",
    ),
    "no_share": (
        {"root_volume": "mklv(vg0(), size=Percent(0))"},
        "a volume of 0%",
    ),
    "too_many_volumes": (
        {"more": "[mklv(vg0(), size=MiB(4), name=f'v{n}') for n in range(500)]"},
        "volume 501 of the volume group vg0",
    ),
    "group_named_like_a_device": (
        {"vg0": 'mkvg(crypt(), name="mapper")'},
        "a volume group cannot be named 'mapper': /dev/mapper is something else",
    ),
    "group_named_like_a_disk": (
        {"vg0": 'mkvg(crypt(), name="sda3")'},
        "a volume group cannot be named 'sda3'",
    ),
    "name_is_a_directory": (
        {"more": 'mklv(vg0(), name="..")'},
        "'..' cannot be the name of the logical volume",
    ),
    "name_of_a_snapshot": (
        {"more": 'mklv(vg0(), name="snapshot-of-root")'},
        "the logical volume 'snapshot-of-root': LVM keeps such names for itself",
    ),
    "names_too_long_together": (
        {"more": f'mklv(vg0(), name="{"-".join("x" * 40)[:100]}{"y" * 20}")'},
        "the logical volume 'x-",
    ),
    "no_lvm2_for_home": (
        {"crypt": "", "vg0": "mkvg(pv())", "root_volume": "boot_partition()", "boot": "",
         "packages": 'apt(system(), "linux-image-amd64", "grub-pc")'},
        "no step above installs lvm2, which swap needs to be found",
    ),
    "u_boot_on_lvm": (
        {"crypt": "pv()", "boot": "mkswap(boot_partition())",
         "boot_loader": "fstab(system()); extlinux(system())"},
        "U-Boot cannot read root_volume (",
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
