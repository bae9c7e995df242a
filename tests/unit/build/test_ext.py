"""What is read from debugfs about a filesystem."""

from vmdsl.build.ext import used_inodes

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
