"""apt and preseeds: what they refuse, and which architectures an apt() adds."""

from __future__ import annotations

from typing import Any

import pytest

from vmdsl import RootFs, apt, apt_remove, preseed
from vmdsl.language.operation import Recorder, Refused, summary_of
from vmdsl.operations.packages.apt import Apt


@pytest.mark.parametrize("names", [(), ("curl vim",), ("",), ("-y",), ("a;b",), ("Curl",)])
def test_apt_refused(recorder: Recorder, system: RootFs, names: tuple[str, ...]) -> None:
    with pytest.raises(Refused):
        apt(system, *names)
    assert len(recorder.problems) == 1


@pytest.mark.parametrize(
    ("names", "arguments", "what"),
    [
        ((), {"debs": "a.deb"}, "debs= is one text"),
        ((), {"debs": ["a.rpm"]}, "a.rpm is not a .deb file"),
        ((), {"debs": ["a/x.deb", "b/x.deb"]}, "have the same name"),
        (("curl",), {"suite": "a b"}, "'a b' is not the name of a suite"),
        (("curl",), {"suite": "-oDebug=1"}, "is not the name of a suite"),
        (("./x.deb",), {}, "'./x.deb' is not the name of a package"),
    ],
)
def test_apt_refuses(
    recorder: Recorder, system: RootFs, names: tuple[str, ...], arguments: Any, what: str
) -> None:
    with pytest.raises(Refused):
        apt(system, *names, **arguments)
    assert [what in p.what for p in recorder.problems] == [True]


def test_a_file_given_as_a_package_says_where_it_goes(recorder: Recorder, system: RootFs) -> None:
    with pytest.raises(Refused):
        apt(system, "./packages/x.deb")
    assert 'debs=["./packages/x.deb"]' in recorder.problems[0].hint


@pytest.mark.parametrize(
    ("names", "added"),
    [
        (("curl", "bash=2:5.2", "git/trixie-backports"), []),
        (("libc6:i386=2.41-1", "libx11-6:i386/sid", "zlib1g:armhf"), ["armhf", "i386"]),
        (("python3:any", "perl:native", "curl:amd64", "tzdata:all"), []),
    ],
)
def test_architectures(
    recorder: Recorder, system: RootFs, names: tuple[str, ...], added: list[str]
) -> None:
    apt(system, *names)
    operation = recorder.operations[-1]
    assert isinstance(operation, Apt)
    assert operation.architectures() == added


@pytest.mark.parametrize("names", [(), ("a b",), ("",), ("--purge",)])
def test_apt_remove_refuses(recorder: Recorder, system: RootFs, names: tuple[str, ...]) -> None:
    with pytest.raises(Refused):
        apt_remove(system, *names)
    assert len(recorder.problems) == 1


@pytest.mark.parametrize(
    ("answers", "what"),
    [
        ((), "without an answer"),
        (("tzdata tzdata/Areas",), "'tzdata tzdata/Areas' is not an answer"),
        (("a b/c string x\na b/d string y",), "is not an answer"),
        (("# a b/c string",), "is not an answer"),
        (("a b/c sting x",), "type='sting' is not known"),
    ],
)
def test_preseed_refuses(
    recorder: Recorder, system: RootFs, answers: tuple[str, ...], what: str
) -> None:
    with pytest.raises(Refused):
        preseed(system, *answers)
    assert [what in p.what for p in recorder.problems] == [True]


def test_an_answer_may_be_empty(recorder: Recorder, system: RootFs) -> None:
    preseed(system, "a b/c string", " a b/d multiselect one, two ")
    assert recorder.problems == []
    assert summary_of(recorder.operations[-1]) == "preseed b/c, b/d"
