"""FAT, made by mkfs.vfat and filled by mtools."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from vmdsl.builder.filesystems.contents import File, read
from vmdsl.builder.filesystems.kinds import Kind, Need, Room
from vmdsl.builder.filesystems.target import Target
from vmdsl.errors import BuildError
from vmdsl.language.handles import sector_of
from vmdsl.language.layout import DeviceLayout, PartitionLayout
from vmdsl.language.operation import problem_in
from vmdsl.operations.disk.fat import Vfat, cluster_of, fat_bits
from vmdsl.values import SECTOR

_SHOWN = 10
_SLOT = 32  # bytes of an entry in a directory
_SLOT_NAME = 13  # letters of a long name that go into one


def make_fat(target: Target, content: Path | None) -> Room:
    """Make the filesystem with the content of a directory, or empty. Names are sorted."""
    filesystem = target.filesystem
    wanted = filesystem.filesystem
    assert isinstance(wanted, Vfat)  # noqa: S101 (kind_of() chooses by type)
    file = target.blank_file()
    sector = sector_of(wanted.device)
    cluster = cluster_of(wanted, target.size)
    target.run(
        "mkfs.vfat",
        "--invariant",
        *(["-S", str(sector)] if sector != SECTOR else []),
        "-F",
        str(wanted.fat or fat_bits(target.size, sector)),
        "-i",
        filesystem.uuid.replace("-", ""),
        *(["-n", wanted.label] if wanted.label else []),
        "-h",
        str(_hidden(filesystem.device) // sector),
        *(["-s", str(cluster // sector)] if cluster else []),
        *wanted.options,
        str(file),
    )
    if content is not None:
        _fill(target, file, content)
    room = _room(target, file)
    target.place(file)
    return room


def _hidden(device: DeviceLayout) -> int:
    """Return how much of the disk is before a device, as its boot sector is to say; in bytes."""
    return device.start if isinstance(device, PartitionLayout) else 0


def _room(target: Target, file: Path) -> Room:
    """Return what is left by fsck.vfat's count; FAT12's and FAT16's top directory never grows."""
    output = target.run("fsck.vfat", "-n", "-v", str(file))

    def number(pattern: str) -> int:
        return sum(map(int, re.findall(pattern, output)))

    block = number(r"(\d+) bytes per cluster")
    free = (number(r"files, \d+/(\d+) clusters") - number(r"files, (\d+)/\d+ clusters")) * block
    slots = number(r"(\d+) root directory entries")
    label = 1 if target.filesystem.filesystem.label else 0
    return Room(block=block, free=free, available=free, files=slots - label if slots else None)


def need_fat(files: Sequence[File], room: Room) -> Need:
    """Return the least that content takes; the files are entries of the top directory."""
    top = clusters = 0
    for folder in files:
        slots = sum(map(_slots, folder.entries))
        if folder.is_directory and folder.parent:
            clusters += -(-(slots + 2) * _SLOT // room.block)
        elif folder.is_directory:
            top = slots
            clusters += 0 if room.files else max(-(-slots * _SLOT // room.block) - 1, 0)
        clusters += sum(
            -(-entry.size // room.block) for entry in folder.entries.values() if entry.is_regular
        )
    return Need(bytes=clusters * room.block, files=top)


def _slots(name: str) -> int:
    """Return how many entries of a directory a name takes at the least."""
    base, _, suffix = name.partition(".")
    if re.fullmatch(r"[^. ]{1,8}", base) and re.fullmatch(r"[^. ]{0,3}", suffix):
        return 1
    return 1 + -(-len(name) // _SLOT_NAME)


def _fill(target: Target, image: Path, content: Path) -> None:
    folders = [file for file in read(content) if file.is_directory]
    _check_names(target, folders)
    for folder in folders:
        inside = f"::{folder.shown}"
        if folder.parent:
            _mtool(target, image, "mmd", inside)
        files = {name: file for name, file in folder.entries.items() if not file.is_directory}
        for file in files.values():
            if not file.is_regular:
                raise BuildError(
                    problem_in(
                        target.filesystem.filesystem,
                        f"FAT cannot hold {file.names[0]}, which is not a plain file",
                        "remove it, or put it on another filesystem",
                        code="filesystem-content",
                    )
                )
        if files:
            sources = [f"{folder.path}/{name}" for name in files]
            _mtool(target, image, "mcopy", "-m", *sources, f"{inside}/")


def _check_names(target: Target, folders: Sequence[File]) -> None:
    """Raise BuildError for names that FAT, or mtools, would change without a word."""
    seen: dict[str, str] = {}
    problems = []
    for path in (f"{f.shown}/{name}".lstrip("/") for f in folders for name in f.entries):
        fault = name_fault(path.rpartition("/")[2])
        if other := seen.get(path.lower()):
            fault = f"{other!r} is there, and small letters make no difference"
        seen[path.lower()] = path
        if fault:
            what = f"FAT cannot hold the name {path!r}: {fault}"
            problems.append(
                problem_in(
                    target.filesystem.filesystem,
                    what,
                    "rename it, or put it on another filesystem",
                    code="filesystem-content",
                )
            )
    if problems:
        raise BuildError(*problems[:_SHOWN])


def name_fault(name: str) -> str:
    """Return the reason why FAT cannot hold a name, or "" if it can."""
    if re.search(r'[\x00-\x1f\x7f"*:<>?\\|]', name):
        return r'it has one of " * : < > ? \ | or a control character'
    if not name.isascii():  # mtools writes some of them as others, and depends on a code page
        return "it has a letter that is not ASCII"
    if name.endswith((" ", ".")):
        return "it ends with a space or a dot"
    if re.fullmatch(r"(?i:con|prn|aux|nul|com\d|lpt\d)", name):
        return "it is the name of a device in DOS"
    return ""


def _mtool(target: Target, image: Path, tool: str, *arguments: str) -> None:
    target.run(
        tool,
        "-i",
        str(image),
        *arguments,
        env={"MTOOLSRC": "/dev/null", "MTOOLS_SKIP_CHECK": "1"},
    )


KIND = Kind(make=make_fat, need=need_fat, files="entries in its top directory")
