"""Explains errors of apt, with hints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from vmdsl.errors import BuildError, CommandError, Hint, Problem, code
from vmdsl.language.arguments import argument_of
from vmdsl.language.effects import Tree
from vmdsl.language.operation import Operation
from vmdsl.operations.packages.archives import REMOVED_KEYS

_UNREACHABLE = "see whether this machine's network, the address and the proxy are right"
_LATER = "the mirror is being updated, or a proxy holds old files: build again later"
_MOVED_ON = (
    f"build with --refresh: the archive has changed since its index was fetched; or {_LATER}"
)
_KEYRING = code("", keyring=None)
_EXPIRED = code("", check_valid_until=False)
_OLD = Hint(
    *("an old release has left the mirrors: then give ", code("", mirror=None)),
    *(", an archive of old releases, ", _KEYRING),
    *(f", the keys of that time (Debian's: {REMOVED_KEYS})", ", and ", _EXPIRED),
)
_OLD_KEYS = f"old releases of Debian have {REMOVED_KEYS}"
_LOGIN = Hint(
    "the system takes a file in /etc/apt/auth.conf.d",
    "; for its mirror give debootstrap() ",
    code("", credentials=code("Secret.from_file", "mirror.password")),
)
_NAMES = "look at the name, and at the components and suites of the sources"
_RECORD = "each record has the lines Package: *, Pin: release n=trixie, and Pin-Priority: 100"
#: Failures that a pin may be the cause of.
_PINNED = re.compile(r"has no installation candidate|have unmet dependencies")
#: What apt prints, what that means, and what to do. The first that is found counts: causes come
#: before what follows from them.
_MEANINGS = [
    (
        r"(?:NO_PUBKEY|Missing key) (\w+)",
        "an archive is signed with the key {0}, which is not in its keyring",
        Hint("give the keyring that the archive's makers publish: ", _KEYRING, f"; {_OLD_KEYS}"),
    ),
    (
        r"EXPKEYSIG (\w+)",
        "an archive is signed with the key {0}, which has expired",
        Hint("give a newer keyring: ", _KEYRING, f"; {_OLD_KEYS}"),
    ),
    (
        r"BADSIG|Clearsigned file isn't valid",
        "the signature of an archive's index is wrong",
        "something between the archive and this machine changes files: a proxy, a login page",
    ),
    (
        r"Release file for (\S+) is expired",
        "the index {0} has expired",
        Hint("of a snapshot or an old release that is as it should be", ": say ", _EXPIRED),
    ),
    (
        r"Failed to fetch (\S+)\s+401",
        "the archive wants a user and a password: {0}",
        _LOGIN,
    ),
    (
        r"Release file for (\S+) is not valid yet",
        "the index {0} is from the future",
        "set this machine's clock",
    ),
    (
        r"(?:Hash Sum mismatch|File has unexpected size)",
        "the mirror's files are not those that its index names",
        _LATER,
    ),
    (
        r"Conflicting values set for option Signed-By regarding source (\S+ \S+):",
        "two sources of {0} name different keyrings",
        "give both the same keyring, or make them one",
    ),
    (
        r"Could not resolve '([^']+)'|Temporary failure resolving '([^']+)'",
        "{0} cannot be reached: its name is not known",
        _UNREACHABLE,
    ),
    (
        r"(?:Could not connect|Unable to connect|Cannot initiate the connection) to (\S+)",
        "{0} cannot be reached",
        _UNREACHABLE,
    ),
    (
        r"Certificate verification failed",
        "the mirror's TLS certificate is not trusted",
        Hint(
            "install ca-certificates",
            "; or give its authority's certificate: ",
            code("", tls_ca_certs=None),
        ),
    ),
    (
        r"The repository '(\S+) (\S+) \S+' (?:does not have|no longer has) a Release file",
        "{0} has no suite {1}",
        Hint("look at the address and at the suite's name; ", *_OLD.parts),
    ),
    (
        r"The repository '(.+?)' is not signed",
        "the archive {0} is not signed",
        "trusted=True takes it nevertheless",
    ),
    (
        r"Failed to fetch (\S+)\s+404",
        "the mirror has no {0}",
        _MOVED_ON,
    ),
    (
        r"E: Unable to locate package (\S+)|E: Couldn't find any package by \w+ '([^']+)'",
        "there is no package {0} in the sources",
        _NAMES,
    ),
    (
        r"E: Package '([^']+)' has no installation candidate",
        "apt finds no version of {0} that it may install",
        _NAMES,
    ),
    (
        r"E: Version '(.+?)' for '(.+?)' was not found",
        "no source has version {0} of {1}",
        "archives keep one version: leave it out, or add a source that has it, such as a snapshot",
    ),
    (
        r"E: Release '(.+?)' for '(.+?)' was not found",
        "no source has {1} from the suite {0}",
        Hint("add a source of that suite", ", with ", code("apt_source")),
    ),
    (
        r"E: The value '(.+?)' is invalid for APT::Default-Release",
        "no source has the suite {0}",
        Hint("add one", ", with ", code("apt_source")),
    ),
    (
        r"E: (?:Invalid record in the preferences file|Unable to parse package file) ([^\s,]+)",
        "{0} cannot be read by apt",
        _RECORD,
    ),
    (
        r"E: No priority \(or zero\) specified for pin",
        "a pin in /etc/apt/preferences.d has no priority, or 0",
        _RECORD,
    ),
    (
        r"E: (\S+): Value (\S+) is outside the range of valid pin priorities",
        "{0} has a pin with the priority {1}, which is out of range",
        Hint(
            "from -32768 to 32767 is possible",
            "; 990 is that of the suite of ",
            code("apt", suite=None),
        ),
    ),
    (
        r"have unmet dependencies|E: Unable to correct problems|pkgProblemResolver::Resolve",
        "the packages cannot be installed together",
        "",
    ),
]
_SAID = ("E:", "W:", "Err:", "The following packages have unmet dependencies:")
_NOISE = "Download is performed unsandboxed"
_MOST = 12


@contextmanager
def explained(operation: Operation | None = None, tree: Tree | None = None) -> Iterator[None]:
    """Explain a failure of apt, if its meaning is known: raise BuildError instead.

    It is reported at the operation's argument that apt names. With the `tree` that apt ran in,
    files of pins are named that may be the cause.
    """
    try:
        yield
    except CommandError as error:
        is_pinned = _PINNED.search(error.output)
        pinned = tree.inside(pins) if tree and is_pinned else ()
        problem = meaning(error.output, operation, pinned)
        if problem is None:
            raise
        raise BuildError(problem) from None


def pins(root: Path = Path("/")) -> list[str]:
    """Return the files with pins that a system has."""
    etc = root / "etc/apt"
    found = (etc / "preferences", *sorted((etc / "preferences.d").glob("*")))
    return [f"/{path.relative_to(root)}" for path in found if path.is_file()]


def meaning(
    output: str, operation: Operation | None = None, pinned: Sequence[str] = ()
) -> Problem | None:
    """Return the meaning of apt's output, with apt's own messages; None if it is not known.

    It is about the argument of the operation that apt names. `pinned` are the files of pins, if one
    may be the cause.
    """
    for pattern, what, hint in _MEANINGS:
        if found := re.search(pattern, output):
            words = [word for word in found.groups() if word]
            hints = [hint, f"a pin may keep it out: {', '.join(pinned)}" if pinned else ""]
            lines = [*filter(None, hints), *_said(output)]
            about = argument_of(operation, *words) if operation else ""
            return Problem(
                what=what.format(*words), hint=Hint.of_lines(lines), about=about, code="apt-failed"
            )
    return None


def _said(output: str) -> list[str]:
    """Return the errors in what apt printed, each once, with the lines that belong to them."""
    said: list[str] = []
    belongs = False
    for line in map(str.rstrip, output.splitlines()):
        belongs = line.startswith(_SAID) or (belongs and line.startswith(" "))
        if belongs and line not in said and _NOISE not in line:
            said.append(line)
    return said[-_MOST:]
