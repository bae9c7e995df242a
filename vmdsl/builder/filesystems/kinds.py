"""The kinds of filesystem that hold files, and how each is made and measured."""

from __future__ import annotations

from collections.abc import Mapping

from vmdsl.builder.filesystems.btrfs import BTRFS
from vmdsl.builder.filesystems.ext import EXT4, EXT23
from vmdsl.builder.filesystems.f2fs import F2FS
from vmdsl.builder.filesystems.fat import FAT
from vmdsl.builder.filesystems.room import Kind
from vmdsl.builder.filesystems.xfs import XFS
from vmdsl.language.handles import Filesystem
from vmdsl.operations.disk.btrfs import Btrfs
from vmdsl.operations.disk.ext import Ext2, Ext3, Ext4
from vmdsl.operations.disk.f2fs import F2fs
from vmdsl.operations.disk.fat import Vfat
from vmdsl.operations.disk.xfs import Xfs

KINDS: Mapping[type[Filesystem], Kind] = {
    Ext2: EXT23,
    Ext3: EXT23,
    Ext4: EXT4,
    Vfat: FAT,
    Xfs: XFS,
    Btrfs: BTRFS,
    F2fs: F2FS,
}
