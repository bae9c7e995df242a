"""Where filesystems have bytes that mean something, by what their tools say."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vmdsl.builder.filesystems import ext, xfs
from vmdsl.builder.filesystems.used import used_bytes

DUMPE2FS = """\
Block count:              40
Block size:               1024
Free blocks:              17

Group 0: (Blocks 1-20)
  Free blocks: 8, 11-20
Group 1: (Blocks 21-39)
  Free blocks: 
Group 2: (Blocks 21-39)
  Free blocks: 34-39
"""  # noqa: W291 (as it is)
XFS_DB = """\
blocksize = 4096
dblocks = 60
agblocks = 32
    agno    agbno      len
       0        6        1
       0        7        2
       0       24        8
       1       10       18
"""


@given(st.sets(st.integers(0, 30)))
def test_what_is_used_is_not_free(free: set[int]) -> None:
    found = used_bytes([(one, 1) for one in free], block=2, count=31)
    used = {byte for start, end in found for byte in range(start, end)}
    assert used == {byte for block in set(range(31)) - free for byte in (2 * block, 2 * block + 1)}
    assert all(end < start for (_, end), (start, _) in pairwise(found))


def test_ext() -> None:
    used = [(0, 8), (9, 11), (21, 34)]
    assert ext.used_shown(DUMPE2FS) == [(start * 1024, end * 1024) for start, end in used]


def test_xfs() -> None:
    """The numbers of blocks are those in their groups."""
    used = [(0, 6), (9, 24), (32, 42)]
    assert xfs.used_shown(XFS_DB) == [(start * 4096, end * 4096) for start, end in used]
