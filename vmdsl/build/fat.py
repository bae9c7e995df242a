"""FAT, made by mkfs.vfat and filled by mtools."""

from __future__ import annotations

import stat
from pathlib import Path

from vmdsl.build.tools import Target
from vmdsl.errors import BuildError
from vmdsl.language.layout import SECTOR


def make_fat(target: Target, content: Path | None) -> None:
    """Make the filesystem with the content of a directory, or empty. Names are sorted."""
    filesystem = target.filesystem
    label = filesystem.filesystem.label.upper()
    file = target.blank_file()
    target.run(
        "mkfs.vfat",
        "--invariant",
        "-F",
        fat_bits(target.size),
        "-i",
        filesystem.uuid.replace("-", ""),
        *(["-n", label] if label else []),
        "-h",
        str(target.offset // SECTOR),
        str(file),
    )
    if content is not None:
        _fill(target, file, content)
    target.place(file)


def _fill(target: Target, image: Path, content: Path) -> None:
    for directory in [content, *sorted(p for p in content.rglob("*") if p.is_dir())]:
        inside = "::/" + str(directory.relative_to(content)).removeprefix(".")
        if directory != content:
            _mtool(target, image, content, "mmd", inside)
        files = sorted(p for p in directory.iterdir() if not p.is_dir() or p.is_symlink())
        for file in files:
            if not stat.S_ISREG(file.lstat().st_mode):
                raise BuildError(
                    target.filesystem.filesystem.problem(
                        f"FAT cannot hold {file.relative_to(content)}, which is no plain file",
                        "remove it, or put it on another filesystem",
                    )
                )
        if files:
            _mtool(target, image, content, "mcopy", "-m", *map(str, files), f"{inside}/")


def fat_bits(size: int) -> str:
    """Which FAT suits a partition of `size` bytes.

    The UEFI specification wants FAT32 in an EFI system partition, so it comes as early as it can.
    """
    if size >= 64 * 2**20:
        return "32"
    return "16" if size >= 8 * 2**20 else "12"


def _mtool(target: Target, image: Path, content: Path, tool: str, *arguments: str) -> None:
    target.run(
        tool,
        "-i",
        str(image),
        *arguments,
        env={"MTOOLSRC": "/dev/null", "MTOOLS_SKIP_CHECK": "1"},
        content=content,
    )
