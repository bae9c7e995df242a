"""Copying the data of a file, and none of its holes."""

from __future__ import annotations

import os


def copy_data(source: int, target: int, *, size: int, offset: int = 0) -> None:
    """Copy the first `size` bytes of an open file to `offset` of another one; holes are skipped."""
    position = 0
    while position < size:
        try:
            position = os.lseek(source, position, os.SEEK_DATA)
        except OSError:  # nothing but a hole is left
            return
        hole = min(os.lseek(source, position, os.SEEK_HOLE), size)
        os.lseek(target, offset + position, os.SEEK_SET)
        while position < hole:
            sent = os.sendfile(target, source, position, hole - position)
            if not sent:  # the file has become shorter
                return
            position += sent
