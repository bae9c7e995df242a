"""Hints that suggest code, which others can show in their words."""

from __future__ import annotations

import copy

import pytest

from vmdsl.errors import Code, Hint, Problem, code

FORMAT = Hint("format it: ", code("mkext4", Code("root", tag="/")), ", or remove it")


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        (code("system"), "system()"),
        (code("mkimg", code("GiB", 4)), "mkimg(GiB(4))"),
        (code("apt", code("system"), "curl"), 'apt(system(), "curl")'),
        (code("mkpart", size=code("MiB", 1), type="esp"), 'mkpart(size=MiB(1), type="esp")'),
        (code("-sectors", 33), "-sectors(33)"),
        (code("", label=None), "label="),
        (code("", unless=code("unpacked")), "unless=unpacked()"),
    ],
)
def test_code_in_the_words_of_python(made: Code, shown: str) -> None:
    assert str(made) == shown


def test_a_hint_is_its_text() -> None:
    assert FORMAT == "format it: mkext4(root()), or remove it"
    problem = Problem(what="this partition is never used", hint=FORMAT)
    assert str(problem).splitlines()[1:] == [f"    {FORMAT}"]
    copied = copy.copy(FORMAT)
    assert (copied, copied.parts) == (FORMAT, FORMAT.parts)


def test_a_hint_in_other_words() -> None:
    def words(one: Code) -> str:
        return f"<{one.function} {[a.tag for a in one.arguments if isinstance(a, Code)]}>"

    assert FORMAT.in_words(words) == "format it: <mkext4 ['/']>, or remove it"


def test_code_without_words_goes_with_the_text_before_it() -> None:
    hint = Hint("remove it", ", or name it in ", code("", exclude=None))
    assert hint == "remove it, or name it in exclude="
    assert hint.in_words(lambda _: None) == "remove it"
