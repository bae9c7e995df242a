"""Filesystems that mke2fs and mkfs.vfat made: all that is in them is read and unpacked."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from vmdsl.existing.ext import ExtFiles
from vmdsl.existing.fat import FatFiles
from vmdsl.existing.files import unpack
from vmdsl.existing.kinds import EXT, FAT, kind_of
from vmdsl.existing.source import UnreadableImageError, opened
from vmdsl.operations.disk.existing import files_of

pytestmark = pytest.mark.integration

LISTING = Path(__file__).with_name("listing.py")
MIB = 2**20
#: A name is as long as two entries of a directory, and one is short in capitals.
NAMES = ("EFI/debian/grubx64.efi", "EFI/a name that is long, with spaces.conf", "EMPTY", "x.y")


def run(*argv: str | Path) -> str:
    done = subprocess.run(
        list(map(str, argv)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("-t", "ext2", "-b", "1024", "-I", "128"),
        ("-t", "ext4", "-b", "4096", "-O", "inline_data,ea_inode,metadata_csum_seed"),
        ("-t", "ext4", "-b", "1024", "-O", "meta_bg,^resize_inode,^flex_bg,^64bit"),
        ("-t", "ext4", "-b", "4096", "-O", "bigalloc,^extra_isize", "-C", "16384"),
    ],
    ids=lambda words: "-".join(words[1:]).replace("^", "no-").replace(",", "-"),
)
def test_all_of_ext(
    arguments: tuple[str, ...], nasty: Callable[[str], Path], tmp_path: Path
) -> None:
    """Owners, times, attributes, links, holes and names are those of the directory before."""
    large = "4096" in arguments
    folder = nasty("ext4" if large else "f2fs")  # of whose attributes a small block has room
    image, out = tmp_path / "image", tmp_path / "out"
    run("mke2fs", "-q", "-F", *arguments, "-d", folder, image, "150M")
    with opened(image) as source:
        assert kind_of(source) == EXT
        files = ExtFiles(source)
        assert files.shape.kind == arguments[1]
        unpack(files, str(out))
    has_inline = any("inline_data" in word for word in arguments)
    mistaken = {"sparse"} if has_inline else set()  # mke2fs makes it shorter then
    assert listed(out, mistaken) == listed(folder, mistaken)
    for name in ("sparse", "many holes"):
        assert (out / name).stat().st_blocks * 512 < 8 * MIB


def listed(folder: Path, but: set[str]) -> list[str]:
    """What is in a directory, with times in seconds: mke2fs knows no others.

    Nor has it owner, mode and time of the top directory.
    """
    _, *lines = run("python3", LISTING, folder).splitlines()
    kept = [line for line in lines if json.loads(line)["path"] not in but]
    return [without_nanoseconds(line) for line in kept]


def without_nanoseconds(line: str) -> str:
    head, _, rest = line.partition('"mtime": ')
    time, _, tail = rest.partition(",")
    return f"{head}{int(time) // 10**9}{tail}"


@pytest.mark.parametrize("bits", [12, 16, 32])
def test_all_of_fat(bits: int, tmp_path: Path) -> None:
    image, folder, out = (tmp_path / name for name in ("image", "in", "out"))
    for number, name in enumerate(NAMES):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(os.urandom(number * 50_000) if name != "EMPTY" else b"")
    with image.open("wb") as file:
        file.truncate({12: 8, 16: 32, 32: 80}[bits] * MIB)
    run("mkfs.vfat", "-F", str(bits), "-n", "LABEL", "-i", "1234ABCD", image)
    run("mcopy", "-s", "-m", "-i", image, *folder.iterdir(), "::/")
    run("mdel", "-i", image, "::/x.y")
    run("mcopy", "-i", image, folder / "x.y", "::/")
    with opened(image) as source:
        assert kind_of(source) == FAT
        files = FatFiles(source)
        assert (files.shape.bits, files.shape.label, files.shape.uuid) == (
            bits,
            "LABEL",
            "1234-ABCD",
        )
        unpack(files, str(out))
    assert {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()} == set(NAMES)
    for name in NAMES:
        assert (out / name).read_bytes() == (folder / name).read_bytes()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        ((("mke2fs", "-q", "-t", "ext4", "-O", "encrypt"),), "with the feature encrypt"),
        (
            (("mke2fs", "-q", "-t", "ext4"), ("debugfs", "-w", "-R", "feature needs_recovery")),
            "it has changes that are not complete",
        ),
        (
            (("mke2fs", "-q", "-t", "ext2"), ("debugfs", "-w", "-R", "ssv state 0")),
            "it has changes that are not complete",
        ),
        ((("mkfs.xfs", "-q"),), "it holds xfs, which cannot be read"),
        ((("mkfs.btrfs", "-q"),), "it holds btrfs, which cannot be read"),
        ((("mkfs.f2fs", "-q"),), "it holds f2fs, which cannot be read"),
        ((("mkswap",),), "it holds swap, which cannot be read"),
        (
            (("cryptsetup", "luksFormat", "-q", "--pbkdf", "pbkdf2", "--key-file", __file__),),
            "it holds LUKS, which cannot be read",
        ),
    ],
    ids=lambda value: value.split()[-1] if isinstance(value, str) else value[0][0],
)
def test_filesystems_that_cannot_be_read(
    make: tuple[tuple[str, ...], ...], said: str, tmp_path: Path
) -> None:
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(320 * MIB)
    for command in make:
        run(*command, image)
    with opened(image) as source, pytest.raises(UnreadableImageError, match=said):
        files_of(source)
