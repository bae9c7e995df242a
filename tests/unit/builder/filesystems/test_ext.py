"""What is read from debugfs about a filesystem."""

from typing import Any

from vmdsl.builder.filesystems.ext import room_shown, used_inodes
from vmdsl.builder.filesystems.kinds import Room

STATS = """\
Inodes per group:         4736
First inode:              11
 Group  0: block bitmap at 20, inode bitmap at 22, inode table at 24
           28044 free blocks, 4722 free inodes, 5 used directories, 4722 unused inodes
           [Checksum 0x9a83]
 Group  1: block bitmap at 21, inode bitmap at 23, inode table at 320
           5100 free blocks, 4734 free inodes, 0 used directories, 4734 unused inodes
 Group  2: block bitmap at 21, inode bitmap at 23, inode table at 320
           1 free block, 4736 free inodes, 0 used directories, 4736 unused inodes
"""


def test_used_inodes_stand_at_the_start_of_each_group() -> None:
    assert used_inodes(STATS) == [2, 11, 12, 13, 14, 4737, 4738]


def test_a_group_with_one_free_inode_counts() -> None:
    full = STATS.replace("4734 free inodes", "1 free inode")
    assert used_inodes(full)[-1] == 2 * 4736 - 1


SUPERBLOCK = """\
Inode count:              65536
Block count:              262144
Reserved block count:     13107
Free blocks:              249509
Free inodes:              65525
Block size:               4096
"""


def test_room_is_less_what_is_reserved() -> None:
    known: dict[str, Any] = {"block": 4096, "free": 249509 * 4096, "files": 65525}
    without = room_shown(SUPERBLOCK, is_ext4=False)
    assert without == Room(available=(249509 - 13107) * 4096, per_map=1024, **known)
    kept = room_shown(SUPERBLOCK, is_ext4=True)
    assert kept == Room(available=(249509 - 13107 - 4096) * 4096, **known)


def test_a_small_ext4_keeps_a_fiftieth() -> None:
    small = SUPERBLOCK.replace("262144", "10000").replace("249509", "9000")
    small = small.replace("13107", "500")
    assert room_shown(small, is_ext4=True).available == (9000 - 500 - 200) * 4096
    assert room_shown(small.replace("500", "8900"), is_ext4=True).available == 0
