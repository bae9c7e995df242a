"""One specification, built by vmdb2 and by us, gives the same disk with the same files.

Whatever differs is listed here, with the words of the documents that tell of it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from bench import kpartx
from users import IS_ROOT, REPOSITORY

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not IS_ROOT, reason="vmdb2 runs as root alone, and this run is not root's"),
]

HERE = Path(__file__).parent
PAGE = REPOSITORY / "docs/how-to/move-from-vmdb2.md"
LISTING = HERE.parents[1] / "filesystems/listing.py"
_START = "import vmdb; vmdb.Vmdb2(version=vmdb.__version__).run()"
_SECTOR = 512

#: The local files of the specifications, with odd permissions, as nobody could check them in.
LOCAL = """\
umask 022
mkdir -p src tree/sub/empty tree/.dotdir private overlay/etc overlay/usr/local/bin overlay/opt/there
echo x >src/x; printf '#!/bin/sh\\n' >src/exec; chmod 755 src/exec; ln -s x src/link
seq 20000 | gzip >src/binary
echo f >tree/file; ln tree/file tree/hardlink; truncate -s 3M tree/sparse; echo ü >'tree/ü x'
echo d >tree/.dot; echo w >tree/world; chmod 666 tree/world; echo p >tree/secret
echo u >tree/suid; chmod 4755 tree/suid; echo s >tree/sub/script; chmod 755 tree/sub/script
chmod 600 tree/secret; chmod 700 tree/.dotdir; chmod 2770 tree/sub/empty; chmod 775 tree/sub
ln -s file tree/link; ln -s sub tree/dirlink; ln -s ../world tree/sub/up
ln -s "$PWD/src/exec" tree/absolute
echo q >private/q; chmod 700 private
echo o >overlay/etc/overlay; chmod 700 overlay/etc; echo m >overlay/etc/motd
echo t >overlay/usr/local/bin/tool; chmod 755 overlay/usr/local/bin/tool
echo t >overlay/opt/there/file
"""

#: What is told of ext filesystems, but what it is to be: what only a mount has changed is left out.
FACTS = (
    *("Filesystem volume name", "Filesystem features", "Filesystem revision #", "Filesystem state"),
    *("Default mount options", "Errors behavior", "Filesystem flags", "Inode count", "Inode size"),
    *("Block count", "Reserved block count", "Block size", "Blocks per group", "Inodes per group"),
    *("Flex block group size", "RAID stride", "RAID stripe width", "Reserved blocks uid"),
    *("Maximum mount count", "Check interval", "Total journal size", "Default directory hash"),
    *("Required extra isize", "Desired extra isize", "Reserved blocks gid"),
)

EMPTY = "`/dev`, `/run` and `/tmp` are empty in an image"
INDEXES = "logs, caches and indexes of apt are removed"
ROOTS = "`/etc/passwd` stays as it is, and `/etc/shadow-` has the old content"
LINKS = "Hard links, attributes and holes are kept"
MODES = "vmdb2 removes 022 and set-group-ID from directories"
SET_GROUP_ID = "even in one with the set-group-ID bit, which vmdb2 lets it inherit"
POINTS = "A mount point has the mode and owner of the top directory that is mounted there"
SMALL = "blocks of 4096 bytes, and an inode per 16 KiB; mke2fs would use 1024 and 4 KiB"
FIRST = "The first usable sector of a GPT is 2048; with parted it is 34"
CHECKS = "`fsck` checks the root first and the others after it; with vmdb2 all are first"
ENVIRONMENT = "`LC_ALL` is `C.UTF-8`, which vmdb2 spells `C.UTF8`, and `$0` of `shell` has a path"
REPLACED = "A symlink in the place of a file is replaced; vmdb2 writes to its target"


def test_files_and_scripts(both: Any) -> None:
    both(
        "files",
        {
            "[13] super Block*: * / *": SMALL,
            "[13] super Inode*: * / *": SMALL,
            "3 super Reserved block count: * / *": SMALL,
            "3 super Total journal size: 8M / 16M": SMALL,
            "2 dev/null: vmdb2": EMPTY,
            "2 run/x: vmdb2": EMPTY,
            "2 tmp/*: vmdb2": EMPTY,
            "2 var/cache/apt/*.bin: vmdb2": INDEXES,
            "2 var/lib/apt/lists/*: vmdb2": INDEXES,
            "2 etc/passwd content: *": ROOTS,
            "2 etc/passwd size: *": ROOTS,
            "2 etc/shadow content: *": ROOTS,
            "2 etc/shadow size: *": ROOTS,
            "2 etc/shadow-: vmdsl": ROOTS,
            "2 etc/machine-id mode: 100644 / 100444": "has mode 0444, as systemd creates it",
            "2 etc/relative *": REPLACED,
            "2 etc/plain *": REPLACED,
            "2 opt/*/file links: 1 / 2": LINKS,
            "2 opt/*/hardlink links: 1 / 2": LINKS,
            "2 opt/*/sub/empty mode: *": MODES,
            "2 opt/umask0/sub mode: 40755 / 40775": MODES,
            "2 opt/umask0/dirlink mode: 40755 / 40775": MODES,
            "2 opt/copied/deeper mode: 40511 / 40755": "with vmdb2 they get 0511",
            "2 var/local/d mode: 42755 / 40755": SET_GROUP_ID,
            "2 var/local/e/f mode: 42750 / 40750": SET_GROUP_ID,
            "2 var/local/tree mode: 42755 / 40755": SET_GROUP_ID,
            "2 srv/deep/place *: *": POINTS,
            "2 opt/chroot-lc *: *": ENVIRONMENT,
            "2 opt/shell-lc *: *": ENVIRONMENT,
            "2 opt/shell-args *: *": ENVIRONMENT,
            "2 etc/fstab /boot: 0 1 / 0 2": CHECKS,
            "2 etc/fstab /srv/deep/place: 0 1 / 0 2": CHECKS,
        },
    )


def test_disks(both: Any) -> None:
    both(
        "disk",
        {
            "table firstlba: 34 / 2048": FIRST,
            "10 super Block*: * / *": SMALL,
            "10 super Inode*: * / *": SMALL,
            "10 super Reserved block count: 8550 / 2137": SMALL,
            "4 etc/fstab /home: 0 1 / 0 2": CHECKS,
            "4 etc/fstab /srv/data: 0 1 / 0 0": CHECKS,
            "4 etc/fstab /srv/data/tree: 0 1 / 0 0": CHECKS,
            "5 *links: 1 / 2": LINKS,
            "5 *sub/empty mode: *": MODES,
        },
    )


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image that is looked into as root."""

    path: Path

    def table(self) -> dict[str, Any]:
        done = subprocess.run(["sfdisk", "--json", self.path], capture_output=True, check=True)
        found: dict[str, Any] = json.loads(done.stdout)["partitiontable"]
        return found

    def facts(self) -> dict[str, Any]:
        """All that is known of the disk and its files, by a name for each."""
        table = self.table()
        found = {f"table {key}": table[key] for key in ("label", "unit", "sectorsize")}
        found |= {f"table {key}": table[key] for key in ("firstlba", "lastlba") if key in table}
        for number, part in enumerate(table["partitions"], start=1):
            for key in part.keys() - {"node", "uuid"}:
                found[f"{number} {key}"] = part[key]
            start, size = part["start"] * _SECTOR, part["size"] * _SECTOR
            kind = self._probed(start, size)
            found |= {f"{number} {key}": kind[key] for key in kind if not key.startswith("UUID")}
            if kind.get("TYPE", "").startswith("ext"):
                found |= {f"{number} super {k}": v for k, v in self._superblock(start).items()}
            if kind.get("TYPE") in {"ext2", "ext3", "ext4", "xfs", "btrfs"}:
                with self._mounted(start, size) as top:
                    found |= {f"{number} {k}": v for k, v in self._files(top).items()}
        return found

    def uuids(self) -> dict[str, str]:
        """The partitions by the UUIDs of their filesystems."""
        parts = self.table()["partitions"]
        places = [(part["start"] * _SECTOR, part["size"] * _SECTOR) for part in parts]
        probed = [self._probed(*place).get("UUID", "") for place in places]
        return {uuid: str(number) for number, uuid in enumerate(probed, start=1) if uuid}

    def _probed(self, start: int, size: int) -> dict[str, str]:
        command = ["blkid", "--probe", "--output=export", f"--offset={start}", f"--size={size}"]
        names = ["--match-tag=TYPE", "--match-tag=LABEL", "--match-tag=UUID"]
        done = subprocess.run(
            [*command, *names, self.path], capture_output=True, text=True, check=False
        )
        lines = [line.partition("=") for line in done.stdout.splitlines()]
        return {name: value for name, _, value in lines if name in {"TYPE", "LABEL", "UUID"}}

    def _superblock(self, start: int) -> dict[str, str]:
        place = f"{self.path}?offset={start}"
        done = subprocess.run(["dumpe2fs", "-h", place], capture_output=True, text=True, check=True)
        lines = [line.partition(":") for line in done.stdout.splitlines()]
        return {name: value.strip() for name, _, value in lines if name in FACTS}

    @contextmanager
    def _mounted(self, start: int, size: int) -> Iterator[Path]:
        top = self.path.with_suffix(".mounted")
        top.mkdir(exist_ok=True)
        options = f"ro,loop,offset={start},sizelimit={size}"
        subprocess.run(["mount", "-o", options, self.path, top], check=True)
        try:
            yield top
        finally:
            subprocess.run(["umount", top], check=True)

    def _files(self, top: Path) -> dict[str, Any]:
        """All of each file but its time; UUIDs in fstab are numbers of partitions."""
        told = subprocess.run(["python3", LISTING, top], capture_output=True, check=True).stdout
        found: dict[str, Any] = {}
        for about in map(json.loads, told.splitlines()):
            path = about.pop("path")
            del about["mtime"]
            if path == "etc/fstab":
                text = (top / path).read_text(encoding="utf-8")
                for uuid, number in self.uuids().items():
                    text = text.replace(f"UUID={uuid}", number)
                for line in text.splitlines():
                    number, place, *rest, dump, turn = line.split()
                    found[f"{path} {place} of"] = (number, *rest)
                    found[f"{path} {place}"] = f"{dump} {turn}"
                del about["content"]
            found[path] = "there"
            found |= {f"{path} {key}": value for key, value in about.items()}
        return found


def differences(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[str]:
    """A line for each; of a file that only one has, there is one."""
    for name in sorted({*theirs, *ours}):
        there, here = theirs.get(name), ours.get(name)
        if there == here:
            continue
        path = name.rpartition(" ")[0]
        if "there" in (there, here):
            yield f"{name}: {'vmdsl' if there is None else 'vmdb2'}"
        elif (theirs.get(path) == "there") == (ours.get(path) == "there"):
            yield f"{name}: {there} / {here}"


@pytest.fixture
def both(vmdb2: Any, user: Any, base: Any) -> Any:
    """Builds a specification twice, and compares with what is known to differ."""

    def build(name: str, known: Mapping[str, str]) -> None:
        folder = user.folder("same")
        shutil.copy(HERE.parent / f"same/{name}.vmdb", folder)
        subprocess.run(["sh", "-ec", LOCAL], cwd=folder, check=True)
        shutil.copy(base.tarball, folder / "rootfs.tar")
        subprocess.run(["chown", "--recursive", f"{user.name}:", folder], check=True)
        variables = ("--variable=word=hello", "--variable=mirror=http://mirror.example/debian")
        options: tuple[str, ...] = ("--rootfs-tarball=rootfs.tar", *variables)
        command = user.vmdsl("build", f"{name}.vmdb", "--output=vmdsl.img", *options)
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

        more = {"PATH": f"/usr/local/sbin:/usr/sbin:/sbin:{os.environ['PATH']}"}
        if kpartx.is_needed():
            kpartx.install(folder / "bin")
            more["PATH"] = f"{folder}/bin:{more['PATH']}"
        vmdb2.run(
            "-c", _START, f"{name}.vmdb", "--output=vmdb2.img", *options, cwd=folder, more=more
        )
        theirs, ours = (Image(path=folder / f"{who}.img").facts() for who in ("vmdb2", "vmdsl"))
        assert len(ours) > 10_000
        page = re.sub(r"\s+", " ", PAGE.read_text(encoding="utf-8"))
        assert [words for words in known.values() if words not in page] == []
        found = list(differences(theirs, ours))
        sys.stdout.writelines(f"{line}\n" for line in found)
        unknown = [line for line in found if not any(fnmatchcase(line, k) for k in known)]
        assert unknown == []
        assert [k for k in known if not any(fnmatchcase(line, k) for line in found)] == []

    return build
