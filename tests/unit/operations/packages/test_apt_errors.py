"""What apt says, with what that means: each text is one that apt has printed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vmdsl.errors import BuildError, CommandError, Problem, Where
from vmdsl.language.operation import Operation, Origin, operation
from vmdsl.operations.packages.apt_errors import explained, meaning

SAID = [
    ("E: Unable to locate package crul", "there is no package crul in the sources", "the name"),
    ("E: Couldn't find any package by glob 'crul'", "there is no package crul", "the name"),
    (
        "E: Package 'steam' has no installation candidate",
        "apt finds no version of steam",
        "sources",
    ),
    ("E: Version '9.9' for 'bash' was not found", "no source has version 9.9 of bash", "snapshot"),
    (
        "E: Release 'trixie' for 'bash' was not found",
        "no source has bash from the suite trixie",
        "apt_source()",
    ),
    (
        "E: Invalid record in the preferences file /etc/apt/preferences.d/x, no Package header",
        "/etc/apt/preferences.d/x cannot be read by apt",
        "Pin-Priority",
    ),
    (
        "E: Unable to parse package file /etc/apt/preferences.d/x (1)",
        "/etc/apt/preferences.d/x cannot be read by apt",
        "Pin-Priority",
    ),
    ("E: No priority (or zero) specified for pin", "a pin in /etc/apt/pref", "Pin-Priority"),
    (
        (
            "E: /etc/apt/preferences.d/x: Value 99999 is outside the range of valid pin priorities"
            " (-32768 to 32767)"
        ),
        "/etc/apt/preferences.d/x has a pin with the priority 99999",
        "32767",
    ),
    (
        (
            "E: The value 'trixie' is invalid for APT::Default-Release as such a release is not"
            " available in the sources"
        ),
        "no source has the suite trixie",
        "apt_source()",
    ),
    (
        (
            "Err:3 http://a.example nope Release\n  404  File not found [IP: 127.0.0.1 80]\n"
            "E: The repository 'http://a.example nope Release' does not have a Release file."
        ),
        "http://a.example has no suite nope",
        "404  File not found",
    ),
    (
        "E: The repository 'http://a.example buster Release' does not have a Release file.",
        "http://a.example has no suite buster",
        "an old release has left the mirrors: then give mirror=, an archive of old",
    ),
    (
        (
            "Err:1 https://a.example trixie InRelease\n  401  Unauthorized [IP: 127.0.0.1 80]\n"
            "E: Failed to fetch https://a.example/dists/trixie/InRelease  401  Unauthorized"
        ),
        "the archive wants a user and a password: https://a.example/dists/trixie/InRelease",
        'credentials=Secret.from_file("mirror.password")',
    ),
    (
        (
            "W: GPG error: http://a.example acme InRelease: The following signatures couldn't be"
            " verified because the public key is not available: NO_PUBKEY 4CE2C5177638FF6C\n"
            "E: The repository 'http://a.example acme InRelease' is not signed."
        ),
        "signed with the key 4CE2C5177638FF6C, which",
        "keyring=",
    ),
    (
        (
            "Err:1 http://a.example stable InRelease\n  Sub-process /usr/bin/sqv returned an error"
            " code (1), error message is: Missing key 8CAC01A3D1BC, which is needed to verify"
            " signature."
        ),
        "signed with the key 8CAC01A3D1BC, which",
        "keyring=",
    ),
    (
        (
            "W: GPG error: http://a.example acme InRelease: The following signatures were invalid:"
            " EXPKEYSIG 4CE2C5177638FF6C Acme"
        ),
        "the key 4CE2C5177638FF6C, which has expired",
        "keyring=",
    ),
    (
        (
            "W: GPG error: http://a.example acme InRelease: The following signatures were invalid:"
            " BADSIG 4CE2C5177638FF6C Acme\n"
            "E: The repository 'http://a.example acme InRelease' is not signed."
        ),
        "the signature of an archive's index is wrong",
        "a proxy",
    ),
    (
        (
            "  Clearsigned file isn't valid, got 'NOSPLIT' (does the network require"
            " authentication?)\nE: The repository 'http://a.example x InRelease' is not signed."
        ),
        "the signature of an archive's index is wrong",
        "a login page",
    ),
    (
        (
            "E: Release file for http://a.example/dists/s/InRelease is expired (invalid since 966d"
            " 7h 58min 23s). Updates for this repository will not be applied."
        ),
        "the index http://a.example/dists/s/InRelease has expired",
        "check_valid_until=False",
    ),
    (
        (
            "E: Release file for http://a.example/dists/s/InRelease is not valid yet (invalid for"
            " another 5h). Updates for this repository will not be applied."
        ),
        "is from the future",
        "clock",
    ),
    (
        "E: Failed to fetch http://a.example/pool/x.deb  Hash Sum mismatch",
        "not those that its index names",
        "again later",
    ),
    (
        (
            "Err:3 http://a.example s/main amd64 Packages\n  File has unexpected size (227 != 226)."
            " Mirror sync in progress? [IP: 127.0.0.1 80]"
        ),
        "not those that its index names",
        "unexpected size",
    ),
    (
        "E: Failed to fetch http://a.example/pool/x.deb  404  File not found [IP: 127.0.0.1 80]",
        "the mirror has no http://a.example/pool/x.deb",
        "build with --refresh",
    ),
    (
        (
            "E: Conflicting values set for option Signed-By regarding source http://a.example/"
            " trixie: /usr/share/keyrings/x.gpg != /etc/apt/keyrings/y.gpg"
        ),
        "two sources of http://a.example/ trixie name different keyrings",
        "make them one",
    ),
    (
        (
            "Err:1 http://no.example s InRelease\n  Could not resolve 'no.example'\nE: Failed to"
            " fetch http://no.example/dists/s/InRelease  Could not resolve 'no.example'"
        ),
        "no.example cannot be reached",
        "network",
    ),
    (
        "  Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)",
        "127.0.0.1:9 cannot be reached",
        "proxy",
    ),
    (
        (
            "  Certificate verification failed: The certificate is NOT trusted. The certificate"
            " issuer is unknown."
        ),
        "TLS certificate is not trusted",
        "tls_ca_certs=",
    ),
    (
        "E: The repository 'http://a.example unsigned Release' is not signed.",
        "the archive http://a.example unsigned Release is not signed",
        "trusted=True",
    ),
    (
        (
            "The following packages have unmet dependencies:\n x : Depends: nowhere (>= 3) but it"
            " is not installable\nE: Unable to correct problems, you have held broken packages."
        ),
        "the packages cannot be installed together",
        " x : Depends: nowhere (>= 3) but it is not installable",
    ),
]


@pytest.mark.parametrize(("output", "what", "hint"), SAID)
def test_meaning(output: str, what: str, hint: str) -> None:
    problem = meaning(f"Reading package lists...\n{output}\nReading state information...\n")
    assert problem is not None
    assert what in problem.what
    assert hint in problem.hint
    assert "Reading" not in problem.hint


def test_what_apt_said_follows_each_line_once() -> None:
    problem = meaning(
        "W: Download is performed unsandboxed as root\n"
        "Err:1 http://a.example s InRelease\n  Could not resolve 'a.example'\n"
        "Err:1 http://a.example s InRelease\nGet:2 http://b.example s\n"
        "E: Some index files failed to download.\n"
    )
    assert problem is not None
    assert problem.hint.splitlines()[1:] == [
        "Err:1 http://a.example s InRelease",
        "  Could not resolve 'a.example'",
        "E: Some index files failed to download.",
    ]


def test_what_is_not_known_is_shown_as_it_was() -> None:
    failed = CommandError(Problem(what="the command failed"), output="E: Something new")
    assert meaning(failed.output) is None
    with pytest.raises(CommandError) as caught, explained():
        raise failed
    assert caught.value is failed


def test_explained() -> None:
    failed = CommandError(Problem(what="it failed"), output="E: Unable to locate package x")
    with pytest.raises(BuildError, match="there is no package x") as caught, explained():
        raise failed
    assert not isinstance(caught.value, CommandError)


@operation
class _Install(Operation):
    """An operation that names packages."""

    packages: tuple[str, ...]

    def summary(self) -> str:
        return "install"


def test_a_package_that_is_missing_is_reported_at_its_place_in_the_list() -> None:
    named = _Install(
        _origin=Origin("packages", Where(Path("x")), Path()), packages=("a", "foo", "b")
    )
    failed = CommandError(Problem(what="it failed"), output="E: Unable to locate package foo")
    with pytest.raises(BuildError) as caught, explained(named):
        raise failed
    assert [problem.about for problem in caught.value.problems] == ["packages[1]"]


@pytest.mark.parametrize(
    ("output", "pinned"),
    [
        ("E: Package 'bash' has no installation candidate", "/etc/apt/preferences.d/no-bash"),
        (
            "The following packages have unmet dependencies:\n bash : Depends: x",
            "a pin may keep it out: /etc/apt/preferences, /etc/apt/preferences.d/no-bash",
        ),
        ("E: Unable to locate package bsah", ""),
    ],
)
def test_a_pin_may_be_the_cause(output: str, pinned: str, tmp_path: Path) -> None:
    folder = tmp_path / "etc/apt/preferences.d"
    folder.mkdir(parents=True)
    (folder / "no-bash").touch()
    (folder.parent / "preferences").touch()
    tree: Any = SimpleNamespace(inside=lambda function: function(tmp_path))
    with pytest.raises(BuildError) as raised, explained(tree=tree):
        raise CommandError(Problem(what="apt failed"), output=output)
    assert pinned in str(raised.value)
    assert ("pin" in str(raised.value)) == bool(pinned)
