"""The checksum of XFS and Btrfs: CRC-32C, as in RFC 3720. Python's own CRC-32 is another one."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable

_POLYNOMIAL = 0x82F63B78
_ALL = 0xFFFFFFFF
#: Of e2fsprogs: much quicker than Python.
_LIBRARY = "libext2fs.so.2"


def _table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _table()


def crc32c(data: bytes | bytearray) -> int:
    """Return the CRC-32C of some bytes."""
    return updated(_ALL, data) ^ _ALL


def updated(crc: int, data: bytes | bytearray) -> int:
    """Return a checksum continued with some bytes; it begins with another number than 0."""
    quick = _quick()
    return slow(crc, data) if quick is None else quick(crc, bytes(data), len(data))


def slow(crc: int, data: bytes | bytearray) -> int:
    """Return a checksum continued with some bytes, calculated by Python itself."""
    table = _TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc


@functools.cache
def _quick() -> Callable[[int, bytes, int], int] | None:
    """Return the function of the library, if this machine has it."""
    try:
        function = ctypes.CDLL(_LIBRARY).ext2fs_crc32c_le
    except (OSError, AttributeError):
        return None
    function.restype = ctypes.c_uint32
    function.argtypes = ctypes.c_uint32, ctypes.c_char_p, ctypes.c_size_t
    return lambda crc, data, size: int(function(crc, data, size))
