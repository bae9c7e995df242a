"""F2FS on disk: changes after sload.f2fs has filled it.

A table says where each inode is. An inode is a block, with room for extended attributes at its
end, and nothing has a checksum but the checkpoint, which stays as it is. Numbers are
little-endian.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from typing import BinaryIO

from vmdsl.builder.filesystems.contents import File

BLOCK = 4096
_SUPERS = (1024, BLOCK + 1024)
_VERSIONS = (1668, 512)  # where the superblock names kernels, and how long that is
_FEATURES = 2180
#: Of all features these change nothing here: encrypt, lost_found and verity.
_KNOWN_FEATURES = 0x1 | 0x200 | 0x400
_PACK = 512  # blocks from one copy of the checkpoint, or of a part of the table, to the other
_ENTRIES = 455  # of the table in a block
_TOP = 3
_ATTRIBUTES_AT, _ATTRIBUTES_END = 3852, 4052
_HAS_ATTRIBUTES = 0x01
_MAGIC = 0xF2F52011
_NAME_AT, _FOOTER_AT = 92, 4072
_SPACES = {"user.": 1, "trusted.": 4, "security.": 6}
_ACLS = {"system.posix_acl_access": 2, "system.posix_acl_default": 3}
_WITH_ID = (2, 8)  # the entries of an ACL that name a user or a group


class UnfitError(Exception):
    """Something that F2FS cannot hold, or that this module cannot write; the text says why."""


class Disk:
    """A filesystem in a file that is open for reading and writing."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file.fileno()
        head = os.pread(self._file, 3072, _SUPERS[0])
        (features,) = struct.unpack_from("<I", head, _FEATURES)
        if features & ~_KNOWN_FEATURES:
            message = f"mkfs.f2fs made features that vmdsl cannot fill ({features:#x})"
            raise UnfitError(message)
        checkpoint, _, self._table = struct.unpack_from("<III", head, 76)
        self._inodes = struct.unpack_from("<I", head, 60)[0] // 2 * 512 * _ENTRIES
        packs = [os.pread(self._file, BLOCK, (checkpoint + i * _PACK) * BLOCK) for i in (0, 1)]
        pack = max(packs, key=lambda data: struct.unpack_from("<Q", data)[0])
        self._user_blocks, self._used_blocks = struct.unpack_from("<QQ", pack, 8)
        before, size = struct.unpack_from("<II", pack, 156)
        self._second_copy = pack[192 + before : 192 + before + size]

    @property
    def free(self) -> int:
        """The number of bytes that can still be written."""
        return int(self._user_blocks - self._used_blocks) * BLOCK

    def _blocks(self) -> dict[int, int]:
        """Return the block of each inode, by its number."""
        found = {}
        for index in range(self._inodes // _ENTRIES):
            place = self._table + (index >> 9) * 2 * _PACK + (index & 511)
            if self._second_copy[index // 8] >> (7 - index % 8) & 1:
                place += _PACK
            data = os.pread(self._file, BLOCK, place * BLOCK)
            for i in range(_ENTRIES):
                number, block = struct.unpack_from("<II", data, 9 * i + 1)
                if block and number == index * _ENTRIES + i and number >= _TOP:
                    found[number] = block
        return found

    def forget_the_kernel(self) -> None:
        """Take this machine's kernel out of the superblocks."""
        start, size = _VERSIONS
        for place in _SUPERS:
            os.pwrite(self._file, bytes(size), place + start)

    def fix_metadata(self, files: Sequence[File], epoch: int) -> None:
        """Set what sload.f2fs took from the machine, or lost. The first file is the top directory.

        Raises LookupError, with its name, for a file that is not there, and UnfitError.
        """
        inodes = {
            number: (block, bytearray(os.pread(self._file, BLOCK, block * BLOCK)))
            for number, block in self._blocks().items()
        }
        named = {}
        for number, (_, data) in inodes.items():
            parent, length = struct.unpack_from("<II", data, 84)
            named[parent, bytes(data[_NAME_AT : _NAME_AT + length])] = number
        numbers = {files[0]: _TOP}
        for file in files:
            for name, entry in file.entries.items():
                found = named.get((numbers.get(file, 0), os.fsencode(name)))
                if found is not None:  # an inode knows one of its names
                    numbers[entry] = found
        for file in files:
            if file not in numbers:
                raise LookupError(file.shown)
            block, data = inodes[numbers[file]]
            _set(data, file, epoch)
            os.pwrite(self._file, data, block * BLOCK)


def _set(data: bytearray, file: File, epoch: int) -> None:
    about = file.about
    struct.pack_into("<H", data, 0, about.st_mode)
    struct.pack_into("<II", data, 4, about.st_uid, about.st_gid)
    seconds, rest = divmod(about.st_mtime_ns, 10**9)
    struct.pack_into("<QQqIII", data, 32, epoch, epoch, seconds, 0, 0, rest)
    if file.attributes:
        data[3] |= _HAS_ATTRIBUTES
        packed = _packed(file)
        data[_ATTRIBUTES_AT:_ATTRIBUTES_END] = packed


def _packed(file: File) -> bytes:
    """Return the extended attributes and ACLs of a file, as its inode has them."""
    parts = [struct.pack("<II16x", _MAGIC, 1)]
    for name, value in file.attributes.items():
        space, rest, content = _attribute(name, value)
        entry = struct.pack("<BBH", space, len(rest), len(content)) + rest + content
        parts.append(entry.ljust(-(-len(entry) // 4) * 4, b"\0"))
    packed = b"".join(parts)
    room = _ATTRIBUTES_END - _ATTRIBUTES_AT
    if len(packed) > room - 4:
        names = ", ".join(file.attributes)
        message = (
            f"{file.shown}: its extended attributes ({names}) take {len(packed)} bytes, "
            f"and F2FS has room for {room - 4}"
        )
        raise UnfitError(message)
    return packed.ljust(room, b"\0")


def _attribute(name: str, value: bytes) -> tuple[int, bytes, bytes]:
    if name in _ACLS:
        entries = [
            struct.pack("<HHI", tag, rights, who)
            if tag in _WITH_ID
            else struct.pack("<HH", tag, rights)
            for tag, rights, who in struct.iter_unpack("<HHI", value[4:])
        ]
        return _ACLS[name], b"", struct.pack("<I", 1) + b"".join(entries)
    space = next((space for space in _SPACES if name.startswith(space)), None)
    if space is None:
        message = f"F2FS has no extended attributes such as {name}"
        raise UnfitError(message)
    return _SPACES[space], os.fsencode(name.removeprefix(space)), value
