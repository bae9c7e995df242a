from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmdsl.errors import Problem
from vmdsl.host.facts import Facts
from vmdsl.host.identity import NEEDED, check_ids, free_start, map_covers, ranges

WHOLE = "         0          0 4294967295\n"
CAPABLE = "CapEff:\t000001ffffffffff\n"


def facts(
    subuid: str = "me:100000:65536\n",
    subgid: str = "me:100000:65536\n",
    *,
    uid: int = 1000,
    user: str = "me",
    uid_map: str = WHOLE,
    status: str = CAPABLE,
) -> Facts:
    return Facts(
        uid=uid,
        user=user,
        cache=Path("/cache"),
        subuid=subuid,
        subgid=subgid,
        uid_map=uid_map,
        gid_map=WHOLE,
        status=status,
    )


def problem(facts: Facts) -> Problem:
    found = check_ids(facts)
    assert found.problem
    assert found.fatal
    return found.problem


@pytest.mark.parametrize(
    "text",
    [
        "me:100000:65536\n",
        "me:100000:65536",
        "1000:100000:65536\n",
        "# a comment\nyou:100000:65536\nme:165536:65536\n",
        "me:100000:1000000\nme:1:1\n",
        "bad line\nme:x:y\nme:300000:65536\n",
        "  me:100000:65536  \n",
    ],
)
def test_a_range_is_found(text: str) -> None:
    assert check_ids(facts(text, text)).problem is None


@pytest.mark.parametrize(
    "text", ["", "you:100000:65536\n", "mee:100000:65536\n", "m:100000:65536\n", "10:1:65536\n"]
)
def test_no_range(text: str) -> None:
    found = problem(facts(text))
    assert str(found.where) == "/etc/subuid"
    assert "me has no range" in found.what
    assert "usermod --add-subuids" in found.hint
    assert found.hint.endswith(" me")


def test_no_group_range() -> None:
    found = problem(facts(subgid="you:100000:65536\n"))
    assert str(found.where) == "/etc/subgid"
    assert "--add-subuids 165536-231071 --add-subgids 165536-231071 me" in found.hint


def test_a_range_that_is_too_small_counts_as_it_comes_first() -> None:
    found = problem(facts("# hi\nme:100000:1000\nme:200000:65536\n"))
    assert str(found.where) == "/etc/subuid:2"
    assert "1000 ids" in found.what
    assert "remove this line" in found.hint


def test_a_range_that_the_container_lacks() -> None:
    found = problem(facts(uid_map="0 1000 1\n1 100000 65536\n"))
    assert "100000-165535" in found.what


def test_a_user_without_a_name() -> None:
    assert "1000 has no name" in problem(facts(user="")).what


def test_root_needs_no_range() -> None:
    assert check_ids(facts("", "", uid=0, user="root")).problem is None


def test_root_of_a_small_container() -> None:
    found = problem(facts(uid=0, user="root", uid_map="0 1000 1\n"))
    assert str(found.where) == "/proc/self/uid_map"


def test_root_of_a_container_with_enough_ids() -> None:
    whole = facts(uid=0, user="root", uid_map="0 1000 1\n1 100000 65536\n")
    assert check_ids(whole).problem is None


@pytest.mark.parametrize(
    ("effective", "lacking"),
    [
        ("00000000a80425fb", None),
        ("0000000000000000", "CAP_SETGID, CAP_SETUID, CAP_SETFCAP"),
        ("000001ff7fffffff", "CAP_SETFCAP"),
        ("000001ffffffff7f", "CAP_SETUID"),
    ],
)
def test_what_root_may(effective: str, lacking: str | None) -> None:
    here = facts(uid=0, user="root", status=f"CapEff:\t{effective}\n")
    if lacking is None:
        assert check_ids(here).problem is None
    else:
        assert f"root lacks {lacking}," in problem(here).what


@pytest.mark.parametrize(
    ("texts", "start"),
    [
        ((), 100000),
        (("me:100000:65536\n", ""), 165536),
        (("me:100000:65536\n", "me:165536:65536\n"), 231072),
        (("me:500000:65536\n",), 100000),
        (("me:120000:1\n",), 120001),
    ],
)
def test_free_start(texts: tuple[str, ...], start: int) -> None:
    assert free_start(*texts) == start


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6))))
def test_a_free_range_meets_no_other(taken: list[tuple[int, int]]) -> None:
    text = "".join(f"u:{start}:{length}\n" for start, length in taken)
    free = free_start(text)
    assert free >= 100_000
    for other in ranges(text):
        assert (
            free + NEEDED <= other.start or other.start + other.length <= free or not other.length
        )


@pytest.mark.parametrize(
    ("id_map", "start", "length", "covered"),
    [
        (WHOLE, 0, 65536, True),
        ("0 1000 1\n1 100000 65535\n", 0, 65536, True),
        ("1 100000 65535\n0 1000 1\n", 0, 65536, True),
        ("0 1000 1\n1 100000 65534\n", 0, 65536, False),
        ("0 1000 1\n5 100000 65536\n", 0, 65536, False),
        ("0 0 65536\n", 60000, 65536, False),
        ("", 0, 1, False),
    ],
)
def test_map_covers(id_map: str, start: int, length: int, *, covered: bool) -> None:
    assert map_covers(id_map, start, length) is covered
