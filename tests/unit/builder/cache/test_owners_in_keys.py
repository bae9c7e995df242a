"""Other users of the machine come and go, and no layer must be made anew for that."""

import os
import pwd

from vmdsl.builder.cache.keys import own_ranges

UID = os.getuid()
NAME = pwd.getpwuid(UID).pw_name


def test_only_own_ranges_count() -> None:
    own = f"{NAME}:100000:65536\n{UID}:200000:1000\n"
    assert own_ranges(own, UID) == [[100000, 65536], [200000, 1000]]
    others = f"somebody:300000:65536\n{own}{NAME}x:400000:65536\n{UID}7:500000:65536\n"
    assert own_ranges(others, UID) == own_ranges(own, UID)


def test_a_range_that_changes_counts() -> None:
    assert own_ranges(f"{NAME}:100000:65536", UID) != own_ranges(f"{NAME}:100000:65535", UID)
    assert own_ranges("", UID) == []
    assert own_ranges(f"{2**31}:7:8", 2**31) == [[7, 8]]
