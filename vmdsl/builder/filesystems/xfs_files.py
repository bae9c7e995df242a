"""The files of XFS: inodes, with a fork for content and one for attributes.

A fork is within the inode if it is small; else it is a list of extents, in the inode too or, if
they are many, in blocks of their own. The fork of attributes stands behind that of the content.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

from vmdsl.builder.filesystems.contents import File
from vmdsl.builder.filesystems.xfs_disk import MOST_IN_EXTENT, NULL, NULL_LONG, Disk, sealed
from vmdsl.builder.filesystems.xfs_names import HASHES_AT, Entry, blocks_of, name_hash, short_form

CORE = 176  # bytes of an inode before its forks
_DEVICE, _LOCAL, _EXTENTS, _TREE = range(4)
_BIGTIME = 8
_FIRST_SECOND = -(2**31)  # that times are counted from, with bigtime
_ROOT, _SECURE, _IN_LEAF = 2, 4, 1
_SPACES = {"user.": 0, "trusted.": _ROOT, "security.": _SECURE}
_ACLS = {
    "system.posix_acl_access": b"SGI_ACL_FILE",
    "system.posix_acl_default": b"SGI_ACL_DEFAULT",
}
_MOST_SHORT = 255  # entries of a directory, or bytes of an attribute, within an inode
_LEFT_FOR_CONTENT = 96
_LONGEST_LINK = 1024
_LINK_HEADER = 56
_LEAF_HEADER = 80
_LONG_HEADER = 72
_EXTENT = 16  # bytes


class UnfitError(Exception):
    """A file that XFS cannot hold, or that this module cannot write; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Fork:
    """The part of an inode for the file's content, or for its attributes."""

    format: int
    data: bytes = b""
    extents: int = 0
    blocks: int = 0


@dataclass(frozen=True, kw_only=True)
class Extent:
    """Blocks of a file: `at` is their place in it, `start` that on the disk.

    Those that are not `written` read as zeros.
    """

    at: int
    start: int
    count: int
    written: bool = True

    def packed(self) -> bytes:
        value = (not self.written) << 127 | self.at << 73 | self.start << 21 | self.count
        return value.to_bytes(_EXTENT, "big")


def write_inode(disk: Disk, number: int, file: File, numbers: dict[File, int], epoch: int) -> None:
    """Write a file's inode, and all that belongs to it."""
    attributes = _attributes(disk, number, file)
    room = disk.sb.inode - CORE - _eights(len(attributes.data))
    content, size = _content(disk, number, file, numbers, room)
    core = inode(
        disk,
        number,
        mode=file.about.st_mode,
        owner=(file.about.st_uid, file.about.st_gid),
        links=file.links,
        size=size,
        times=(epoch * 10**9, file.about.st_mtime_ns),
        content=content,
        attributes=attributes,
    )
    block, at = disk.inode_place(number)
    disk.write(block, core, at=at)


def inode(
    disk: Disk,
    number: int,
    *,
    mode: int = 0,
    owner: tuple[int, int] = (0, 0),
    links: int = 0,
    size: int = 0,
    times: tuple[int, int] = (0, 0),
    content: Fork | None = None,
    attributes: Fork | None = None,
) -> bytes:
    """Return an inode; a free one, if it has no mode. `times` are ctime and mtime."""
    content = content or Fork(format=0)
    attributes = attributes or Fork(format=_EXTENTS)
    other, changed = (time_field(disk, time) if mode else 0 for time in times)
    space = disk.sb.inode - CORE
    behind = _eights(len(attributes.data))
    data = bytearray(disk.sb.inode)
    struct.pack_into(">2sHBBH", data, 0, b"IN", mode, 3, content.format, 0)
    struct.pack_into(">III", data, 8, *owner, links)
    struct.pack_into(
        ">QQQQQ", data, 32, other, changed, other, size, content.blocks + attributes.blocks
    )
    struct.pack_into(">IH", data, 76, content.extents, attributes.extents)
    forkoff = (space - behind) // 8 if behind else 0
    struct.pack_into(">BB", data, 82, forkoff, attributes.format if mode else 0)
    struct.pack_into(">I", data, 96, NULL)
    flags = _BIGTIME if disk.sb.bigtime and mode else 0
    struct.pack_into(">QQQ", data, 104, 1 if mode else 0, 0, flags)
    struct.pack_into(">QQ", data, 144, other, number)
    data[160:176] = disk.sb.uuid
    data[CORE : CORE + len(content.data)] = content.data
    if behind:
        start = len(data) - behind
        data[start : start + len(attributes.data)] = attributes.data
    return sealed(data, 100)


def _eights(size: int) -> int:
    return -(-size // 8) * 8


def time_field(disk: Disk, nanoseconds: int) -> int:
    """Return a time as an inode has it."""
    if disk.sb.bigtime:
        return nanoseconds - _FIRST_SECOND * 10**9
    seconds, rest = divmod(nanoseconds, 10**9)
    return (seconds & NULL) << 32 | rest


def _content(
    disk: Disk, number: int, file: File, numbers: dict[File, int], room: int
) -> tuple[Fork, int]:
    """Return the fork of a file's content, and the file's size."""
    mode, size = file.about.st_mode, file.about.st_size
    if file.is_directory:
        return _directory(disk, number, file, numbers, room)
    if stat.S_ISLNK(mode):
        target = os.readlink(file.path)  # noqa: PTH115 (a text, not a Path)
        return _symlink(disk, number, os.fsencode(target), room)
    if stat.S_ISREG(mode):
        return _listed(disk, number, _copied(disk, file), room), size
    device = file.about.st_rdev
    packed = os.major(device) << 18 | os.minor(device)
    return Fork(format=_DEVICE, data=struct.pack(">I", packed)), 0


def _directory(
    disk: Disk, number: int, file: File, numbers: dict[File, int], room: int
) -> tuple[Fork, int]:
    entries = [
        Entry(name=os.fsencode(name), inode=numbers[entry], mode=entry.about.st_mode)
        for name, entry in file.entries.items()
    ]
    parent = numbers[file.parent or file]
    if len(entries) <= _MOST_SHORT and len(short := short_form(parent, entries)) <= room:
        return Fork(format=_LOCAL, data=short), len(short)
    blocks = blocks_of(disk, number, parent, entries)
    extents: list[Extent] = []
    for at, data, crc_at in blocks:
        ((start, _),) = disk.allocate(1)
        struct.pack_into(">Q", data, crc_at + 4, disk.address(start))
        disk.seal(start, data, crc_at)
        _add(extents, at, start, 1)
    held = 1 + max(at for at, _, _ in blocks if at < HASHES_AT // disk.sb.block)
    return _listed(disk, number, extents, room), held * disk.sb.block


def _symlink(disk: Disk, number: int, target: bytes, room: int) -> tuple[Fork, int]:
    if len(target) > _LONGEST_LINK:
        message = f"XFS holds symlinks of {_LONGEST_LINK} bytes, and it has {len(target)}"
        raise UnfitError(message)
    if len(target) <= room:
        return Fork(format=_LOCAL, data=target), len(target)
    extents: list[Extent] = []
    each = disk.sb.block - _LINK_HEADER
    for at in range(0, len(target), each):
        part = target[at : at + each]
        ((start, _),) = disk.allocate(1)
        data = bytearray(disk.sb.block)
        struct.pack_into(">4sII", data, 0, b"XSLM", at, len(part))
        data[16:32] = disk.sb.uuid
        struct.pack_into(">QQ", data, 32, number, disk.address(start))
        data[_LINK_HEADER : _LINK_HEADER + len(part)] = part
        disk.seal(start, data, 12)
        _add(extents, at // each, start, 1)
    return _listed(disk, number, extents, room), len(target)


def _copied(disk: Disk, file: File) -> list[Extent]:
    """Copy the content of a regular file, except holes. Returns its extents.

    Pieces of zeros are allocated, and not written.
    """
    block = disk.sb.block
    extents: list[Extent] = []
    for position, piece in file.data(block):
        done, written = 0, bool(piece.strip(b"\0"))
        for start, count in disk.allocate(-(-len(piece) // block)):
            if written:
                disk.write(start, piece[done : done + count * block])
            _add(extents, (position + done) // block, start, count, written=written)
            done += count * block
    return extents


def _add(extents: list[Extent], at: int, start: int, count: int, *, written: bool = True) -> None:
    """Add an extent, or make the last one longer."""
    new = Extent(at=at, start=start, count=count, written=written)
    if extents:
        last = extents[-1]
        follows = last.at + last.count == at and last.start + last.count == start
        if follows and last.written == written and last.count + count <= MOST_IN_EXTENT:
            extents[-1] = replace(last, count=last.count + count)
            return
    extents.append(new)


def _listed(disk: Disk, owner: int, extents: list[Extent], room: int) -> Fork:
    """Return the fork that lists extents: in the inode, or in a tree whose root is there."""
    blocks = sum(extent.count for extent in extents)
    rows = b"".join(extent.packed() for extent in extents)
    if len(rows) <= room:
        return Fork(format=_EXTENTS, data=rows, extents=len(extents), blocks=blocks)
    records = [(extent.at, extent.packed()) for extent in extents]
    in_root = (room - 4) // 16
    level = 0
    while level == 0 or len(records) > in_root:
        records = _tree_level(disk, owner, records, level)
        blocks += len(records)
        level += 1
    root = struct.pack(">HH", level, len(records))
    root += b"".join(struct.pack(">Q", at) for at, _ in records).ljust(8 * in_root, b"\0")
    root += b"".join(pointer for _, pointer in records)
    return Fork(format=_TREE, data=root, extents=len(extents), blocks=blocks)


def _tree_level(
    disk: Disk, owner: int, records: list[tuple[int, bytes]], level: int
) -> list[tuple[int, bytes]]:
    """Write one level of a tree of extents. Returns the keys of its blocks and pointers to them."""
    size = disk.sb.block
    each = (size - _LONG_HEADER) // 16
    pages = [records[i : i + each] for i in range(0, len(records), each)]
    starts = [disk.allocate(1)[0][0] for _ in pages]
    for i, page in enumerate(pages):
        data = bytearray(size)
        left = starts[i - 1] if i else NULL_LONG
        right = starts[i + 1] if i + 1 < len(pages) else NULL_LONG
        struct.pack_into(">4sHHQQ", data, 0, b"BMA3", level, len(page), left, right)
        struct.pack_into(">Q", data, 24, disk.address(starts[i]))
        data[40:56] = disk.sb.uuid
        struct.pack_into(">Q", data, 56, owner)
        body = b"".join(value for _, value in page)
        if level:
            body = b"".join(struct.pack(">Q", at) for at, _ in page).ljust(8 * each, b"\0") + body
        data[_LONG_HEADER : _LONG_HEADER + len(body)] = body
        disk.seal(starts[i], data, 64)
    return [(p[0][0], struct.pack(">Q", start)) for p, start in zip(pages, starts, strict=True)]


def _attributes(disk: Disk, owner: int, file: File) -> Fork:
    """Return the fork of a file's extended attributes and ACLs."""
    found = [_attribute(name, value) for name, value in file.attributes.items()]
    if not found:
        return Fork(format=_EXTENTS)
    disk.has_attributes = True
    entries = [
        struct.pack("BBB", len(name), len(value), flags) + name + value
        for flags, name, value in found
        if len(value) <= _MOST_SHORT
    ]
    size = 4 + sum(map(len, entries))
    if len(entries) == len(found) and size <= disk.sb.inode - CORE - _LEFT_FOR_CONTENT:
        head = struct.pack(">HBB", size, len(entries), 0)
        return Fork(format=_LOCAL, data=head + b"".join(entries))
    data = _attribute_leaf(disk, owner, found)
    ((start, _),) = disk.allocate(1)
    struct.pack_into(">Q", data, 16, disk.address(start))
    disk.seal(start, data, 12)
    extent = Extent(at=0, start=start, count=1)
    return Fork(format=_EXTENTS, data=extent.packed(), extents=1, blocks=1)


def _attribute(name: str, value: bytes) -> tuple[int, bytes, bytes]:
    """Return an attribute as XFS has it: its flags, its name and its value."""
    if name in _ACLS:
        head, entries = 4, struct.iter_unpack("<HHI", value[4:])
        packed = [struct.pack(">IIHH", tag, who, rights, 0) for tag, rights, who in entries]
        return _ROOT, _ACLS[name], struct.pack(">I", len(value[head:]) // 8) + b"".join(packed)
    space = next((space for space in _SPACES if name.startswith(space)), None)
    if space is None:
        message = f"XFS has no extended attributes such as {name}"
        raise UnfitError(message)
    return _SPACES[space], os.fsencode(name.removeprefix(space)), value


def _attribute_leaf(disk: Disk, owner: int, found: Sequence[tuple[int, bytes, bytes]]) -> bytearray:
    size = disk.sb.block
    data = bytearray(size)
    struct.pack_into(">IIH", data, 0, 0, 0, 0x3BEE)
    data[32:48] = disk.sb.uuid
    end = size
    rows = []
    for flags, name, value in sorted(found, key=lambda one: (name_hash(one[1]), one)):
        local = struct.pack(">HB", len(value), len(name)) + name + value
        end -= -(-len(local) // 4) * 4
        if end < _LEAF_HEADER + 8 * len(found) or len(local) > size * 3 // 4:
            message = f"its extended attributes take more than {size} bytes"
            raise UnfitError(message)
        data[end : end + len(local)] = local
        rows.append(struct.pack(">IHBB", name_hash(name), end, flags | _IN_LEAF, 0))
    behind = _LEAF_HEADER + 8 * len(rows)
    struct.pack_into(">QHHHBB", data, 48, owner, len(rows), size - end, end, 0, 0)
    struct.pack_into(">HH", data, 64, behind, end - behind)
    data[_LEAF_HEADER:behind] = b"".join(rows)
    return data
