from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmdsl.builder.report.mask import Mask

#: Few letters, so that secrets overlap and lie at the ends of pieces.
LETTERS = st.lists(st.sampled_from(b"ab\n"), max_size=12).map(bytes)


def fed(mask: Mask, *pieces: bytes) -> bytes:
    return b"".join(map(mask.feed, pieces)) + mask.finish()


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        ([b"say hunter2 twice: hunter2\n"], b"say [secret] twice: [secret]\n"),
        ([b"hun", b"ter", b"2"], b"[secret]"),
        ([b"hun", b"t\n"], b"hunt\n"),
        ([b"hunter22hunter2"], b"[secret]2[secret]"),
        ([b"hunter2hunter2"], b"[secret][secret]"),
    ],
)
def test_one_secret(pieces: list[bytes], shown: bytes) -> None:
    assert fed(Mask([b"hunter2\n"]), *pieces) == shown


def test_lines_of_a_key() -> None:
    mask = Mask([b"-----BEGIN-----\nabcdef\nxy\n-----END-----\n"])
    assert mask.all_of(b"in a line: abcdef; xy\n") == b"in a line: [secret]; xy\n"
    assert mask.all_of(b"-----BEGIN-----\nabcdef\nxy\n-----END-----") == b"[secret]"


def test_an_end_that_may_be_a_secret_does_not_cut_another() -> None:
    assert fed(Mask([b"abc", b"cde"]), b"xabc", b"d") == b"x[secret]d"
    assert fed(Mask([b"abc", b"cde"]), b"xabc", b"de") == b"x[secret]"


def test_a_short_one_that_a_longer_one_starts_with() -> None:
    assert fed(Mask([b"pass", b"password"]), b"a pass", b"word") == b"a [secret]"


def test_no_secret() -> None:
    mask = Mask([])
    assert not mask
    assert fed(mask, b"all of it\xff\n") == b"all of it\xff\n"


def test_text() -> None:
    assert Mask(["pässword".encode()]).of("a pässword, \udcff") == "a [secret], \udcff"


@given(st.lists(LETTERS, max_size=3), st.lists(LETTERS, max_size=6))
def test_pieces_make_no_difference(secrets: list[bytes], pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    shown = fed(Mask(secrets), *pieces)
    assert shown == Mask(secrets).all_of(whole)
    for secret in secrets:
        assert not secret.strip() or secret.strip() not in shown.replace(b"[secret]", b"*")
