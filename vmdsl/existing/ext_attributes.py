"""Extended attributes of ext, as they are on the disk."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

_MAGIC = 0xEA020000
_ENTRY = struct.Struct("<BBHIII")
_HEAD_OF_INODE, _HEAD_OF_BLOCK = 4, 32
_PREFIXES = {
    1: "user.",
    2: "system.posix_acl_access",
    3: "system.posix_acl_default",
    4: "trusted.",
    6: "security.",
    7: "system.",
}
_ACLS = {2, 3}
_SYSTEM = 7
#: Entries of an ACL that name a user or a group.
_NAMED = {0x02, 0x08}
_NO_ID = 0xFFFFFFFF


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An attribute. Its value may be in an inode of its own, with the number `inode`."""

    index: int
    name: str
    value: bytes
    inode: int = 0

    @property
    def is_data(self) -> bool:
        """Whether it is a part of a file's data, and no attribute."""
        return self.index == _SYSTEM and self.name == "system.data"


def stored(within: bytes, block: bytes) -> list[Stored]:
    """Return the attributes in the rest of an inode, and in a block. Raises ValueError."""
    found: list[Stored] = []
    if within[:4] == _MAGIC.to_bytes(4, "little"):
        found += _entries(within, _HEAD_OF_INODE, base=_HEAD_OF_INODE)
    if block:
        if block[:4] != _MAGIC.to_bytes(4, "little"):
            raise ValueError(block[:4])
        found += _entries(block, _HEAD_OF_BLOCK, base=0)
    return found


def _entries(area: bytes, place: int, *, base: int) -> Iterator[Stored]:
    while area[place : place + 4] not in (b"\0\0\0\0", b""):
        length, index, offset, inode, size, _ = _ENTRY.unpack_from(area, place)
        start = place + _ENTRY.size
        if index not in _PREFIXES or base + offset + (0 if inode else size) > len(area):
            raise ValueError(index)
        yield Stored(
            index=index,
            name=_PREFIXES[index] + area[start : start + length].decode(),
            value=b"" if inode else area[base + offset : base + offset + size],
            inode=inode,
        )
        place = start + -(-length // 4) * 4


def public(found: Sequence[Stored], large: Callable[[int], bytes]) -> Mapping[str, bytes]:
    """Return attributes as the kernel shows them. `large` returns one that is in an inode."""
    shown = {}
    for one in found:
        if not one.is_data:
            value = large(one.inode) if one.inode else one.value
            shown[one.name] = _acl(value) if one.index in _ACLS else value
    return shown


def _acl(value: bytes) -> bytes:
    """Return an ACL as programs have it: version 2, and each entry with an id."""
    made = bytearray(struct.pack("<I", 2))
    place = 4
    while place < len(value):
        tag, permissions = struct.unpack_from("<HH", value, place)
        place += 4
        number = _NO_ID
        if tag in _NAMED:
            (number,) = struct.unpack_from("<I", value, place)
            place += 4
        made += struct.pack("<HHI", tag, permissions, number)
    return bytes(made)
