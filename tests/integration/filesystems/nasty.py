"""Fills a directory with all that a filesystem may get wrong: python3 nasty.py DIRECTORY.

It is run in a build's sandbox, as root of it, so it needs nothing but Python.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from pathlib import Path

EPOCH = 1_600_000_000
CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)  # cap_net_raw, effective


def acl(*entries: tuple[int, int, int]) -> bytes:
    """An ACL as the kernel takes it: tag, rights and id of each entry."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


NOBODY = 0xFFFFFFFF
ACL = acl((1, 6, NOBODY), (2, 4, 12345), (4, 4, NOBODY), (16, 4, NOBODY), (32, 0, NOBODY))


def main(top: Path, kind: str) -> None:
    """Make all that a kind of filesystem can hold."""
    make_files(top)
    make_folders(top)
    make_owners(top)
    give_attributes(top)
    if kind != "f2fs":
        make_odd(top)
    os.setxattr(top, "user.top", b"of all")
    os.utime(top / "old", (1, 1))
    os.utime(top / "short link", (5, 5), follow_symlinks=False)
    os.utime(top / "sticky", (1234567890, 1234567890))
    os.chown(top, 1234, 5678)
    top.chmod(0o2750)


def make_files(top: Path) -> None:
    (top / "empty").touch()
    (top / "small").write_text("small\n")
    (top / "big").write_bytes(bytes(range(256)) * 4096 * 20)
    with (top / "sparse").open("wb") as file:
        file.seek(30 * 2**20)
        file.write(b"middle")
        file.truncate(50 * 2**20)
    with (top / "many holes").open("wb") as file:
        for i in range(400):
            file.seek(i * 2**17)
            file.write(b"x" * 4096)
    (top / "name with spaces").write_text("1")
    (top / "name\nof two lines\ttab").write_text("2")
    (top / "größe-日本").write_text("3")
    (top / "$").write_text("4")
    (top / ": no comment").write_text("5")
    (top / ("n" * 255)).write_text("6")
    (top / "~").write_text("last, as `btrfs restore` neglects a folder that is")
    (top / "short link").symlink_to("small")
    (top / "link of 300").symlink_to("t" * 300)
    (top / "link of 1004").symlink_to("/".join(["u" * 200] * 5))
    (top / "dangling").symlink_to("nowhere\nat all")
    links = top / "links"
    links.mkdir()
    (top / "small").chmod(0o640)
    for i in range(3):
        os.link(top / "small", links / f"small {i}")


def make_folders(top: Path) -> None:
    many = top / "many"
    many.mkdir()
    for i in range(2000):
        (many / f"file number {i}").write_text(str(i))
    for count in (1, 10, 30, 90, 200, 700):
        folder = top / f"folder of {count}"
        folder.mkdir()
        for i in range(count):
            (folder / f"a file of that folder, {i}").touch()
    deep = top / "/".join(["deep"] * 30)
    deep.mkdir(parents=True)
    (deep / "bottom").write_text("bottom")


def make_owners(top: Path) -> None:
    for mode in (0o4755, 0o2755, 0o1777, 0o6711, 0):
        path = top / f"mode {mode:04o}"
        path.touch()
        os.chown(path, 1000, 1000)
        path.chmod(mode)
    sticky = top / "sticky"
    sticky.mkdir()
    os.chown(sticky, 65000, 65001)
    sticky.chmod(0o3777)
    os.chown(top / "short link", 33, 33, follow_symlinks=False)
    (top / "old").write_text("old")


def give_attributes(top: Path) -> None:
    capable, listed = top / "capable", top / "listed"
    capable.write_text("x")
    listed.write_text("x")
    os.setxattr(capable, "security.capability", CAPABILITY)
    os.setxattr(listed, "system.posix_acl_access", ACL)
    os.setxattr(listed, "user.a", b"")
    folder = top / "folder with defaults"
    folder.mkdir()
    os.setxattr(folder, "system.posix_acl_default", ACL)
    for i in range(20):
        (folder / f"heir {i}").touch()


def make_odd(top: Path) -> None:
    os.mkfifo(top / "fifo", 0o620)
    with socket.socket(socket.AF_UNIX) as one:
        os.chdir(top)
        one.bind("socket")
    much, most = top / "much", top / "most"
    much.touch()
    most.write_text("x")
    os.setxattr(much, "user.b", bytes(range(250)))
    for i in range(8):
        os.setxattr(most, f"user.number {i}", bytes([i]) * 400)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), sys.argv[2])
