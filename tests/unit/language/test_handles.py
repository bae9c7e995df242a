"""What an editor offers on a handle: its fields, and little else."""

from __future__ import annotations

from dataclasses import fields

import pytest

import vmdsl
from vmdsl.language.operation import LayoutOperation

DEVICE = {"name", "device", "label", "uuid", "options"}
FILESYSTEM = {*DEVICE, "kind"}
EXT = {
    *FILESYSTEM,
    *("block_size", "bytes_per_inode", "features", "inode_size", "inodes", "reserved"),
}
PLACE = {"name", "table", "type", "size", "start", "end", "label", "flags", "number"}
#: The names that an editor offers.
OFFERED = {
    vmdsl.Disk: {"name", "size", "free", "sector", "extent", "from_image"},
    vmdsl.Gpt: {"name", "disk", "disk_id", "kind"},
    vmdsl.Msdos: {"name", "disk", "disk_id", "kind"},
    vmdsl.Extended: PLACE,
    vmdsl.Partition: {*PLACE, "extended", "uuid"},
    vmdsl.Luks: {*DEVICE, "key", "more_keys", "kdf", "dm_name"},
    vmdsl.VolumeGroup: {"name", "vg_name", "devices", "extent"},
    vmdsl.LogicalVolume: {"name", "group", "lv_name", "size", "stripes", "stripe_size", "dm_name"},
    vmdsl.Ext2: EXT,
    vmdsl.Ext3: EXT,
    vmdsl.Ext4: EXT,
    vmdsl.Xfs: FILESYSTEM,
    vmdsl.Btrfs: FILESYSTEM,
    vmdsl.F2fs: FILESYSTEM,
    vmdsl.Vfat: {*FILESYSTEM, "cluster", "fat"},
    vmdsl.Swap: {*FILESYSTEM, "key"},
    vmdsl.Subvolume: {"name", "within", "path", "default", "filesystem", "full_path"},
    vmdsl.SwapFile: {"name", "mounted", "path", "size", "label", "uuid"},
    vmdsl.Mounted: {"name", "source", "filesystem", "path", "on", "options"},
    vmdsl.RootFs: {"name", "mounted", "suite", "arch", "proxy", "credentials"},
    vmdsl.Fact: {"name"},
}


@pytest.mark.parametrize("kind", OFFERED, ids=lambda kind: kind.__name__)
def test_a_handle_offers_the_arguments_that_made_it(kind: type) -> None:
    names = {*dir(kind), *(one.name for one in fields(kind))}
    assert {name for name in names if not name.startswith("_")} == OFFERED[kind]


def test_all_handles_are_here() -> None:
    exported = {getattr(vmdsl, name) for name in vmdsl.__all__}
    handles = {
        one for one in exported if isinstance(one, type) and issubclass(one, LayoutOperation)
    }
    assert handles - {vmdsl.Filesystem, vmdsl.Mountable} <= set(OFFERED)


def test_what_a_build_does_is_not_on_handles() -> None:
    for name in ("local_files", "is_repeatable", "check_plan", "irrelevant", "directory"):
        assert not hasattr(LayoutOperation, name)
        assert hasattr(vmdsl.TreeOperation, name)
        assert hasattr(vmdsl.ImageOperation, name)
