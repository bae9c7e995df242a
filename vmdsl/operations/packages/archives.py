"""Debian's archive: the suites and components that it has, and addresses that apt can read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from vmdsl.errors import Advice, Hint, Problem, code
from vmdsl.language.operation import Operation, problem_in, refuse, warn
from vmdsl.similar import closest, did_you_mean
from vmdsl.values import (
    SUITE_PARTS,
    debian_suites,
    has_left_the_mirrors,
    is_debian_suite,
    split_suite,
    suite_aliases,
    suite_versions,
    ubuntu_suites,
)

#: In the order in which they came to Debian; the last one with bookworm.
COMPONENTS = ("main", "contrib", "non-free", "non-free-firmware")
_WITH_FIRMWARE = "bookworm"
#: The keys of releases that are in the archive alone, in Debian's package debian-archive-keyring.
REMOVED_KEYS = "/usr/share/keyrings/debian-archive-removed-keys.gpg"
_OLD = Hint(
    "use a mirror of the archive of old releases, or of snapshots",
    *(", as in ", code("", mirror="http://mirror.example/debian-archive/debian")),
    *(", with ", code("", keyring=REMOVED_KEYS)),
    *(" and ", code("", check_valid_until=False)),
)
_SUCH_AS = "such as http://mirror.example/debian"
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]+")
_OF_THIS_MACHINE = ("file", "copy", "cdrom")
_OF_THE_NETWORK = ("http", "https", "ftp")
#: Suites that have only some packages, and the release that has the others.
_BESIDE = {
    "experimental": ("sid", "experimental"),
    "rc-buggy": ("sid", "rc-buggy"),
    "proposed-updates": ("stable", "proposed-updates"),
}
#: The methods that apt has, and those of Debian's packages apt-transport-*.
_METHODS = (
    *(*_OF_THE_NETWORK, *_OF_THIS_MACHINE, "rsh", "ssh", "s3"),
    *("mirror", *(f"mirror+{inner}" for inner in (*_OF_THE_NETWORK, "file", "copy"))),
    *("tor", "tor+http", "tor+https"),
)


def check_uri(uri: str, *, outside: bool = False) -> None:
    """Refuse what is not an address; `outside` also one that programs of the host can't use."""
    if not _URI.fullmatch(uri):
        raise refuse(f"{uri!r} is not an address", _SUCH_AS, about="mirror", code="mirror")
    place = urlsplit(uri)
    if place.password:
        what = f"the password in the address of {place.hostname} gets into the image"
        warn(
            what,
            "debootstrap() takes credentials=Secret.from_file(…)",
            about="mirror",
            code="mirror",
        )
    if place.scheme not in _METHODS:
        is_compound = "+" in place.scheme  # of somebody's package, such as ar+https
        meant = "" if is_compound else did_you_mean(place.scheme, _METHODS, "{}:")
        what = f"apt cannot read {place.scheme}:"
        if meant:
            raise refuse(f"{what} in {uri!r}", meant, about="mirror", code="mirror")
        warn(f"{what} by itself", "apt reads http, https and file", about="mirror", code="mirror")
    if place.scheme in _OF_THE_NETWORK and not place.netloc:
        raise refuse(f"{uri!r} names no machine", _SUCH_AS, about="mirror", code="mirror")
    if outside and place.scheme in _OF_THIS_MACHINE:
        raise refuse(
            f"{place.scheme}: is a place in the system, and there is no system yet",
            "serve the folder: python3 -m http.server, and http://localhost:8000",
            code="mirror",
        )


@dataclass(frozen=True, kw_only=True)
class Archive:
    """An archive that a recipe names. Without `uris` it is Debian's own.

    `has_debians_keys` says whether it is signed with these, and `checks_date` whether an index that
    has expired is refused.
    """

    uris: Sequence[str]
    has_debians_keys: bool
    checks_date: bool

    @property
    def is_debians(self) -> bool:
        """Whether it is Debian's for sure."""
        return not self.uris

    @property
    def may_be_debians(self) -> bool:
        """Whether it is likely to be one of Debian's mirrors."""
        return self.is_debians or any("debian" in uri for uri in self.uris)

    @property
    def is_a_usual_mirror(self) -> bool:
        """Whether it is likely to be one of Debian's mirrors, and no archive of old releases."""
        old = any(word in uri for uri in self.uris for word in ("archive", "snapshot"))
        return self.is_debians or (self.may_be_debians and self.checks_date and not old)


def check_archive(
    operation: Operation, archive: Archive, suites: Sequence[str], components: Sequence[str]
) -> Iterator[Problem]:
    """Report suites and components that Debian doesn't have, and suites that its mirrors lack.

    They are only warnings if the archive may be another one.
    """
    for suite in suites:
        if not is_debian_suite(suite):
            yield from _unknown_suite(operation, archive, suite)
        elif has_left_the_mirrors(suite) and archive.is_a_usual_mirror:
            kind = Problem if archive.is_debians else Advice
            what = f"{suite} has left Debian's mirrors"
            yield problem_in(operation, what, _OLD, about="suite", kind=kind, code="suite")
        elif has_left_the_mirrors(suite) and archive.may_be_debians and archive.has_debians_keys:
            what = f"{suite} is signed with keys that Debian uses no more"
            hint = Hint("add ", code("", keyring=REMOVED_KEYS))
            yield problem_in(operation, what, hint, about="suite", kind=Advice, code="suite")
    yield from _unknown_components(operation, archive, suites, components)


def check_is_whole(operation: Operation, archive: Archive, suite: str) -> Iterator[Problem]:
    """Report a suite of Debian that has only some packages, such as trixie-backports."""
    release, part = _BESIDE.get(suite) or split_suite(suite)
    if archive.is_debians and part and is_debian_suite(suite):
        what = f"{suite} has only some packages, and no whole system"
        hint = f'write suite="{release}"; {suite} is for Source() and apt(suite=)'
        yield problem_in(operation, what, hint, about="suite", code="suite")


def suite_meant(suite: str) -> str:
    """Return a hint at the suite of Debian that was meant, or ""."""
    head, rest = split_suite(suite.casefold())
    if number := re.fullmatch(r"(?:debian)? *(\d+)(?:\.\d+)*", head):
        head = number[1]
    meant = closest(head, [*debian_suites(), *suite_aliases()], also=suite_versions())
    if rest and (meant or is_debian_suite(head)):
        part = rest[1:] if rest[1:] in SUITE_PARTS else closest(rest[1:], SUITE_PARTS)
        return f"did you mean {meant or head}{rest[0]}{part}?" if part else ""
    meant = head if head != suite and is_debian_suite(head) else meant
    return f"did you mean {meant}?" if meant else ""


def _unknown_suite(operation: Operation, archive: Archive, suite: str) -> Iterator[Problem]:
    hint, what = suite_meant(suite), f"Debian has no suite {suite}"
    is_ubuntus = suite in ubuntu_suites()
    if archive.is_debians:
        hint = "it is one of Ubuntu's" if is_ubuntus else hint
        other = "a suite of another archive takes mirror="
        hint = f"{hint} ({other})" if hint else other
        yield problem_in(operation, what, hint, about="suite", code="suite")
    elif hint and not is_ubuntus:
        yield problem_in(
            operation, f"{what}; the mirror may", hint, about="suite", kind=Advice, code="suite"
        )


def _unknown_components(
    operation: Operation, archive: Archive, suites: Sequence[str], components: Sequence[str]
) -> Iterator[Problem]:
    known = debian_suites()
    older = known[: known.index(_WITH_FIRMWARE)]
    before = [suite for suite in suites if split_suite(suite)[0] in older]
    for number, component in enumerate(components):
        about = f"components[{number}]"
        if not {*COMPONENTS}.isdisjoint(component.split("/")):
            if component == COMPONENTS[-1] and before and archive.may_be_debians:
                hint = f"it is for {_WITH_FIRMWARE} and later; before, firmware is in non-free"
                what = f"{before[0]} has no {component}"
                yield problem_in(operation, what, hint, about=about, kind=Advice, code="component")
            continue
        what, meant = f"Debian has no component {component}", did_you_mean(component, COMPONENTS)
        if archive.is_debians or (meant and archive.has_debians_keys):
            hint = meant or f"there are {', '.join(COMPONENTS)}"
            yield problem_in(operation, what, hint, about=about, code="component")
        elif archive.has_debians_keys and not meant:
            what += ", whose keys this archive is checked with"
            hint = Hint("give the keys that its makers publish: ", code("", keyring=None))
            yield problem_in(operation, what, hint, about=about, kind=Advice, code="component")
        elif meant:
            yield problem_in(
                operation,
                f"{what}; the mirror may",
                meant,
                about=about,
                kind=Advice,
                code="component",
            )
