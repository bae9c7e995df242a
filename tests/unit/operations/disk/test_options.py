"""Options of the tools of filesystems, mount options and labels: what passes, and what does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from vmdsl import (
    Partition,
    RootFs,
    mkbtrfs,
    mkext4,
    mkf2fs,
    mkswap,
    mkvfat,
    mkxfs,
)
from vmdsl.language.operation import Recorder, Refused
from vmdsl.operations.disk.mount_options import what_is_wrong


@pytest.fixture
def partition(system: RootFs) -> Partition:
    device = system.mounted.filesystem.device
    assert isinstance(device, Partition)
    return device


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (mkext4, ("-E", "stride=16,stripe-width=64", "-vj", "-T", "news", "-b", "-4096")),
        (mkext4, ("-Onone,extents", "-m1.5", "-Enodiscard,root_owner=0:0", "-J", "size=64")),
        (mkext4, ("-i", "8192", "-N", "1000", "-e", "remount-ro", "-G", "32", "-D")),
        (mkxfs, ("-Kf", "-m", "crc=1,reflink=0", "-d", "agcount=4,su=64k,sw=2", "-ssize=4096")),
        (mkbtrfs, ("--nodiscard", "-m", "dup", "--data=single", "--csum", "blake2", "-O^no-holes")),
        (mkbtrfs, ("--checksum=sha256", "-n", "16k", "-R", "free-space-tree", "-KM")),
        (mkf2fs, ("-O", "extra_attr,inode_checksum", "-o", "5", "-i", "-g", "android")),
        (mkvfat, ("-F", "32", "-s8", "--mbr", "--mbr=y", "-a", "--codepage=437", "-M", "0xF8")),
        (mkswap, ("--pagesize", "4096", "--lock", "--lock=yes", "-v", "1", "-e", "little")),
    ],
)
def test_options_of_the_tools_pass(
    recorder: Recorder, partition: Partition, make: Callable[..., Any], options: tuple[str, ...]
) -> None:
    make(partition, options=options)
    assert recorder.problems == []


@pytest.mark.parametrize(
    ("make", "option", "hint"),
    [
        (mkext4, "-F", ""),  # it is given anyway
        (mkext4, "--verbose", "its options are in man mke2fs"),
        (mkext4, "-E", "see man mke2fs"),
        (mkext4, "-bx", "see man mke2fs"),
        (mkext4, "-I300", "it takes 128, 256, 512, 1024, 2048, 4096"),
        (mkbtrfs, "--lab=x", "give label="),  # an abbreviation
        (mkbtrfs, "--csum=md5", "it knows crc32c, sha256, blake2"),
        (mkvfat, "--offset=2048", "vmdsl decides that itself"),
        (mkvfat, "--mbrr", "did you mean --mbr?"),
        (mkxfs, "-m reflink=0", 'write "-m", "reflink=0"'),
    ],
)
def test_other_options_are_reported(
    recorder: Recorder, partition: Partition, make: Callable[..., Any], option: str, hint: str
) -> None:
    try:
        make(partition, options=(option,))
    except Refused:
        assert hint
    assert [problem.hint for problem in recorder.problems] == [hint] * bool(hint)


@pytest.mark.parametrize(
    ("option", "kind", "wrong"),
    [
        ("noatime", "xfs", ("", "")),
        ("x-systemd.growfs", "ext4", ("", "")),
        ("subvol=@", "btrfs", ("", "")),
        ("subvol=@", "ext4", ("btrfs", "")),
        ("errors=remount-ro", "ext3", ("", "")),
        ("errors=remount-ro", "vfat", ("", "")),
        ("errors=remount-ro", "xfs", ("ext4", "")),
        ("umask=0077", "f2fs", ("vfat", "")),
        ("compress=zstd", "f2fs", ("btrfs", "")),
        ("noatme", "ext4", ("", "noatime")),
        ("size=1G", "ext4", ("", "")),  # of no kind here, and like no other
        ("anything", "somebodysfs", ("", "")),
    ],
)
def test_mount_options(option: str, kind: str, wrong: tuple[str, str]) -> None:
    assert what_is_wrong(option, kind) == wrong


@pytest.mark.parametrize(
    "label", ["EFI", "efi-system", "A_B", "a b", "x'y", "!#$%&()-@^_`{}~"[:11]]
)
def test_labels_of_fat(recorder: Recorder, partition: Partition, label: str) -> None:
    mkvfat(partition, label=label)
    assert recorder.problems == []


@pytest.mark.parametrize("label", [" EFI", "EFI ", "   ", "NO NAME", "A.B", "A:B", "ÄÖÜ", "a\\b"])
def test_wrong_labels_of_fat(recorder: Recorder, partition: Partition, label: str) -> None:
    with pytest.raises(Refused):
        mkvfat(partition, label=label)
    assert [problem.about for problem in recorder.problems] == ["label"]
