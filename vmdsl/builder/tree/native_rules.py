"""Rules of binfmt_misc by which programs of this machine run in place of those of a tree.

The tree keeps its programs: the kernel knows each by its first bytes, and starts a script instead.
As a program, this makes the rules for the tree and the directory that are its arguments.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from vmdsl.emulation import RULES, escaped

#: Where the programs, and a script for each, are in the tree. It is not in PATH.
PLACE = PurePosixPath("/dev/vmdsl-native")
#: In it, the scripts, by the names of their programs.
SCRIPTS = "run"
_FOLDERS = ("usr/bin", "usr/sbin", "bin", "sbin")
_PREFIX = "vmdsl-native-"
#: So many bytes a rule can have. In them are the addresses and lengths of a program's parts.
_KNOWN_BY = 250
_ELF = b"\x7fELF"


def make_rules(tree: Path, place: Path) -> None:
    """Make a rule for each program of a tree that has a script in `place`.

    There is no rule for those that begin as another one does: md5sum and sha1sum, say.
    """
    starts = defaultdict(set)
    for start, file in _programs(tree):
        starts[start].add((file.inode(), file.name))
    for start, files in starts.items():
        inodes, names = zip(*files, strict=True)
        for name in names:
            if len(set(inodes)) == 1 and (place / SCRIPTS / name).exists():
                rule = (_PREFIX + name, "M", "", escaped(start), "", f"{PLACE}/{SCRIPTS}/{name}")
                (RULES / "register").write_text(f":{':'.join(rule)}:P", encoding="ascii")


def switch_off() -> None:
    """Let the programs of trees be emulated until the stand-in for mkinitramfs is at work."""
    for rule in RULES.glob(f"{_PREFIX}*"):
        rule.write_text("0", encoding="ascii")


def remove_rules() -> None:
    """Remove the rules, so the programs of trees are emulated again."""
    for rule in RULES.glob(f"{_PREFIX}*"):
        rule.write_text("-1", encoding="ascii")


def _programs(tree: Path) -> Iterator[tuple[bytes, os.DirEntry[str]]]:
    """Yield the programs in a tree's folders for them, each with its first bytes."""
    for folder in _FOLDERS:
        place = tree / folder
        if place.is_dir() and not place.is_symlink():
            for file in os.scandir(place):
                if file.is_file(follow_symlinks=False):
                    with open(file.path, "rb") as program:  # noqa: PTH123 (of a DirEntry)
                        start = program.read(_KNOWN_BY)
                    if start.startswith(_ELF):
                        yield start, file


if __name__ == "__main__":
    make_rules(Path(sys.argv[1]), Path(sys.argv[2]))
