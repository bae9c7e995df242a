"""Explains errors of apt, with hints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from vmdsl.errors import BuildError, CommandError, Problem
from vmdsl.language.operation import Operation

_UNREACHABLE = "see whether this machine's network, the address and the proxy are right"
_LATER = "the mirror is being updated, or a proxy holds old files: build again later"
_MOVED_ON = (
    f"build with --refresh: the archive has changed since its index was fetched; or {_LATER}"
)
_NAMES = "look at the name, and at the components and suites of the sources"
#: What apt prints, what that means, and what to do. The first that is found counts: causes come
#: before what follows from them.
_MEANINGS = [
    (
        r"(?:NO_PUBKEY|Missing key) (\w+)",
        "an archive is signed with the key {0}, which its keyring has not",
        "give the keyring that the archive's makers publish: keyring=",
    ),
    (
        r"EXPKEYSIG (\w+)",
        "an archive is signed with the key {0}, which has expired",
        "give a newer keyring: keyring=",
    ),
    (
        r"BADSIG|Clearsigned file isn't valid",
        "the signature of an archive's index is wrong",
        "something between the archive and this machine changes files: a proxy, a login page",
    ),
    (
        r"Release file for (\S+) is expired",
        "the index {0} has expired",
        "of a snapshot that is as it should be: say check_valid_until=False",
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
        "give its authority's certificate: tls_ca_certs=; or install ca-certificates",
    ),
    (
        r"The repository '(\S+) (\S+) \S+' (?:does not have|no longer has) a Release file",
        "{0} has no suite {1}",
        "look at the address and at the suite's name",
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
        "no source has the package {0}",
        _NAMES,
    ),
    (
        r"E: Version '(.+?)' for '(.+?)' was not found",
        "{1} is not there in version {0}",
        "archives keep one version: leave it out, or add a source that has it, such as a snapshot",
    ),
    (
        r"E: Release '(.+?)' for '(.+?)' was not found",
        "{1} is not there in the suite {0}",
        "add a source of that suite, with apt_source()",
    ),
    (
        r"E: The value '(.+?)' is invalid for APT::Default-Release",
        "no source has the suite {0}",
        "add one, with apt_source()",
    ),
    (
        r"have unmet dependencies|E: Unable to correct problems|pkgProblemResolver::Resolve",
        "the packages cannot be installed together",
        "",
    ),
]
#: The package that a meaning names.
_PACKAGE = re.compile(r"package (\S+)|^(\S+) is not there")
_SAID = ("E:", "W:", "Err:", "The following packages have unmet dependencies:")
_NOISE = "Download is performed unsandboxed"
_MOST = 12


@contextmanager
def explained(operation: Operation | None = None) -> Iterator[None]:
    """Explain a failure of apt, if its meaning is known: raise BuildError instead.

    A package that is missing is reported at the operation's argument that names it.
    """
    try:
        yield
    except CommandError as error:
        problem = meaning(error.output)
        if problem is None:
            raise
        found = _PACKAGE.search(problem.what)
        names = [name for name in found.groups() if name] if found else []
        about = operation.argument(*names) if operation else ""
        raise BuildError(replace(problem, about=about)) from None


def meaning(output: str) -> Problem | None:
    """Return the meaning of apt's output, with apt's own messages; None if it is not known."""
    for pattern, what, hint in _MEANINGS:
        if found := re.search(pattern, output):
            words = [word for word in found.groups() if word]
            lines = [hint] * bool(hint) + _said(output)
            return Problem(what=what.format(*words), hint="\n".join(lines))
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
