"""Compression of files as Btrfs has it, by the libraries that come with the tools."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from dataclasses import dataclass

from vmdsl import programs
from vmdsl.builder.filesystems.btrfs_disk import ZSTD

#: So many bytes of a file are compressed at once.
MOST_AT_ONCE = 2**17
#: The levels of compression: that of a mount that asks for none, and the highest ones.
_USUAL_LEVEL, _MOST_ZLIB, _MOST_ZSTD = 3, 9, 15


@dataclass(frozen=True, kw_only=True)
class Compressor:
    """A way to compress data. `feature` is the one that the filesystem then has."""

    number: int
    feature: int
    compress: Callable[[bytes], bytes]


def compressor(option: str) -> Compressor | None:
    """Return how a mount with an option such as zstd:3 compresses, if that can be done here.

    Raises OSError if the library for it is missing.
    """
    name, _, level = option.partition(":")
    asked = int(level) if level.isdecimal() else 0
    if name == "zlib":
        chosen = min(asked, _MOST_ZLIB) or _USUAL_LEVEL
        return Compressor(number=1, feature=0, compress=_zlib(chosen))
    if name == "zstd":
        chosen = min(asked, _MOST_ZSTD) or _USUAL_LEVEL
        return Compressor(number=3, feature=ZSTD, compress=_zstd(chosen))
    return None


@functools.cache
def _zlib(level: int) -> Callable[[bytes], bytes]:
    library = ctypes.CDLL(programs.library("libz.so.1"))
    number = ctypes.c_ulong
    library.compressBound.restype, library.compressBound.argtypes = number, (number,)
    text, place = ctypes.c_char_p, ctypes.POINTER(number)
    library.compress2.argtypes = text, place, text, number, ctypes.c_int
    buffer = ctypes.create_string_buffer(library.compressBound(MOST_AT_ONCE))

    def compress(data: bytes) -> bytes:
        size = number(len(buffer))
        failed = library.compress2(buffer, ctypes.byref(size), data, len(data), level)
        return data if failed else buffer.raw[: size.value]

    return compress


@functools.cache
def _zstd(level: int) -> Callable[[bytes], bytes]:
    library = ctypes.CDLL(programs.library("libzstd.so.1"))
    library.ZSTD_compressBound.restype = library.ZSTD_compress.restype = ctypes.c_size_t
    library.ZSTD_compressBound.argtypes = (ctypes.c_size_t,)
    text, number = ctypes.c_char_p, ctypes.c_size_t
    library.ZSTD_compress.argtypes = text, number, text, number, ctypes.c_int
    room = library.ZSTD_compressBound(MOST_AT_ONCE)
    buffer = ctypes.create_string_buffer(room)

    def compress(data: bytes) -> bytes:
        size = library.ZSTD_compress(buffer, room, data, len(data), level)
        return data if library.ZSTD_isError(ctypes.c_size_t(size)) else buffer.raw[:size]

    return compress
