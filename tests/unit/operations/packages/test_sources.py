"""Sources of apt: their two forms, what is refused, and what a keyring is."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from vmdsl import RootFs, Source, apt_source
from vmdsl.errors import Advice, Problem
from vmdsl.language.operation import Recorder, Refused
from vmdsl.operations.packages.archives import check_uri
from vmdsl.operations.packages.sources import AptSource, check_source, suffix_of, what_is_wrong

SOURCE: dict[str, Any] = {"name": "acme", "uris": ["http://a.example"], "suites": ["stable"]}


def test_both_forms() -> None:
    source = Source(
        name="acme",
        uris=["http://a.example/x", "http://b.example/x"],
        suites=["one", "two"],
        components=["main", "extra"],
        types=["deb", "deb-src"],
        architectures=["amd64", "i386"],
        trusted=True,
        check_valid_until=False,
    )
    assert source.stanza("/k.gpg") == (
        "Types: deb deb-src\n"
        "URIs: http://a.example/x http://b.example/x\n"
        "Suites: one two\n"
        "Components: main extra\n"
        "Architectures: amd64 i386\n"
        "Signed-By: /k.gpg\n"
        "Trusted: yes\n"
        "Check-Valid-Until: no\n"
    )
    lines = source.lines("/k.gpg").splitlines()
    assert len(lines) == 8
    assert lines[0] == (
        "deb [arch=amd64,i386 signed-by=/k.gpg trusted=yes check-valid-until=no]"
        " http://a.example/x one main extra"
    )
    assert lines[-1].startswith("deb-src [")
    assert lines[-1].endswith("] http://b.example/x two main extra")


def test_plain_forms() -> None:
    source = Source(**SOURCE)
    assert source.stanza("") == (
        "Types: deb\nURIs: http://a.example\nSuites: stable\nComponents: main\n"
    )
    assert source.lines("") == "deb http://a.example stable main\n"
    folder = Source(**{**SOURCE, "suites": ["./"]})
    assert folder.stanza("") == "Types: deb\nURIs: http://a.example\nSuites: ./\n"
    assert folder.lines("") == "deb http://a.example ./\n"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"uris": "http://a.example"}, "uris= is one text"),
        ({"suites": "stable"}, "suites= is one text"),
        ({"types": "deb"}, "types= is one text"),
        ({"name": "acme.list"}, "'acme.list' is not the name of a source"),
        ({"name": "../acme"}, "'../acme' is not the name of a source"),
        ({"uris": []}, "the source acme has no address"),
        ({"suites": ()}, "the source acme has no suite"),
        ({"types": ()}, "the source acme has no type"),
        ({"uris": ["a.example"]}, "'a.example' is not an address"),
        ({"uris": ["http://a.example\nTrusted: yes"]}, "is not an address"),
        ({"suites": ["stable\nTrusted: yes"]}, "is not the name of a suite"),
        ({"suites": ["-x"]}, "'-x' is not the name of a suite"),
        ({"suites": ["./"], "components": ["main"]}, "is a folder, which has no components"),
        ({"suites": ["stable", "./"]}, "both a folder and a suite"),
        ({"components": ["main contrib"]}, "'main contrib' cannot be one of the components"),
        ({"architectures": ["amd 64"]}, "'amd 64' cannot be one of the architectures"),
        ({"types": ["dsc"]}, "types='dsc' is not known"),
    ],
)
def test_refused(recorder: Recorder, system: RootFs, changes: Any, what: str) -> None:
    with pytest.raises(Refused):
        apt_source(system, Source(**{**SOURCE, **changes}))
    assert [what in p.what for p in recorder.problems] == [True]


@pytest.mark.parametrize("suite", ["trixie", "trixie-backports", "stable/updates", "./", "/", "x/"])
def test_suites(recorder: Recorder, system: RootFs, suite: str) -> None:
    apt_source(system, Source(**{**SOURCE, "suites": [suite]}))
    assert recorder.problems == []


@pytest.mark.parametrize(
    ("keys", "suffix"),
    [
        (b"\x99\x01\x0d\x04", ".gpg"),
        (b"\x98\x33\x04", ".gpg"),
        (b"\xc6\x33\x04", ".gpg"),
        (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ", ".asc"),
        (b"\n-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: 1\n", ".asc"),
    ],
)
def test_keyrings(keys: bytes, suffix: str) -> None:
    assert what_is_wrong(keys) is None
    assert suffix_of(keys) == suffix


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        (b"\x00\x00\x00\x20\x01\x01\x00\x02KBXf", "keybox"),
        (b"", "no public key"),
        (b"-----BEGIN PGP PRIVATE KEY BLOCK-----", "no public key"),
        (b"<html>404", "no public key"),
        (b"\x95\x03", "no public key"),
    ],
)
def test_no_keyrings(keys: bytes, what: str) -> None:
    wrong = what_is_wrong(keys)
    assert wrong is not None
    assert what in wrong[0]


@pytest.mark.parametrize(
    ("uri", "kinds"),
    [
        ("https://a.example/debian", []),
        ("mirror+file:/etc/apt/mirrors.txt", []),
        ("tor+http://a.example/debian", []),
        ("ar+https://a.example/debian", [Advice]),  # a method of somebody's package
        ("gopher://a.example/debian", [Advice]),
        ("htps://a.example/debian", [Problem]),
        ("httpss://a.example/debian", [Problem]),
    ],
)
def test_schemes(recorder: Recorder, uri: str, kinds: list[type[Problem]]) -> None:
    with suppress(Refused):
        check_uri(uri)
    assert [type(problem) for problem in recorder.problems] == kinds


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"suites": ["trixie-backports", "stable", "bookworm/updates", "rc-buggy"]}, []),
        ({"suites": ["./"]}, []),
        ({"components": ["main", "updates/non-free", "main/debian-installer"]}, []),
        (
            {"components": ["rpi"]},  # another archive's
            ["Debian has no component rpi, whose keys this archive is checked with"],
        ),
        ({"components": ["rpi"], "keyring": "acme.asc"}, []),
        (
            {"suites": ["sid", "trixie"], "components": ["non-fre"]},
            ["Debian has no component non-fre"],
        ),
        ({"suites": ["nobel"]}, []),
        ({"suites": ["sidd"]}, ["Debian has no suite sidd; the mirror may"]),
        ({"suites": ["sidd"], "components": ["non-fre"], "keyring": "acme.asc"}, []),
        ({"suites": ["sidd"], "components": ["non-fre"], "trusted": True}, []),
        ({"suites": ["jessie"]}, []),  # its archive may keep it
        (
            {"suites": ["jessie"], "uris": ["http://a.example/debian"]},
            ["jessie has left Debian's mirrors"],
        ),
        (
            {"suites": ["jessie"], "uris": ["http://archive.a.example/debian"]},
            ["jessie is signed with keys that Debian uses no more"],
        ),
        (
            {"suites": ["jessie"], "uris": ["http://a.example/debian"], "check_valid_until": False},
            ["jessie is signed with keys that Debian uses no more"],
        ),
        (
            {
                "suites": ["jessie"],
                "uris": ["http://archive.a.example/debian"],
                "keyring": "removed.gpg",
            },
            [],
        ),
        (
            {
                "suites": ["bullseye"],
                "uris": ["http://a.example/debian"],
                "components": ["non-free-firmware"],
            },
            ["bullseye has no non-free-firmware"],
        ),
    ],
)
def test_what_debians_archive_has(
    recorder: Recorder, system: RootFs, changes: Any, said: list[str]
) -> None:
    apt_source(system, Source(**{**SOURCE, **changes}))
    source = recorder.operations[-1]
    assert isinstance(source, AptSource)
    assert [problem.what for problem in check_source(source, source.source)] == said
