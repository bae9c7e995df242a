"""What people write in shell for want of a step: as functions of the library that do the same."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from vmdsl.language.files import is_decimal
from vmdsl.vmdb2.draft import Argument, Call, Octal, Result
from vmdsl.vmdb2.text import Text, Variable

_LIBRARY = "vmdsl_stdlib"
#: Stands for a variable, in a script that is compared.
_MARK = "\ue000"
#: "${ROOT?}/etc/hostname" and its like, for what is /etc/hostname in the system.
_IN_ROOT = re.compile(r'"?\$(?:ROOT|\{ROOT\??\})"?(/[\w./-]+)"?(?=\s|$)')
_HOSTNAME = re.compile(r"""echo\s+(["']?)(?P<name>[A-Za-z0-9\ue000-]+)\1\s*>\s*/etc/hostname""")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_ROOT_PASSWORD = re.compile(
    r"""passwd\s+(?:-d|--delete)\s+root|
    sed\s+-i\s+(?:-e\s+)?(["'])(?:
        /\^root:\[\^:\]\*:/s//root::/g? |
        s(?P<mark>[/,@\#|])\^?root:(?:\[\^:\]\*|(?P<star>\\\*|\*)|(?P<x>x)):(?P=mark)root::(?P=mark)g?
    )\1\s+/etc/(?(x)passwd|(?(star)shadow|(?:passwd|shadow)))""",
    re.VERBOSE,
)
_RESOLVER = re.compile(r"rm\s+(?:-f\s+)?/etc/resolv\.conf")
_NO_ID = re.compile(r"rm\s+-f\s+/etc/machine-id(?:\s+/var/lib/dbus/machine-id)?")
_EMPTY_ID = re.compile(
    r"(?:echo\s+-n\s*|:\s*)?>\s*/etc/machine-id|truncate\s+(?:-s|--size)[ =]?0\s+/etc/machine-id"
)
_FIRST_BOOT = re.compile(r"""echo\s+(["']?)uninitialized\1\s*>\s*/etc/machine-id""")
_UNITS = re.compile(r"systemctl\s+enable\s+(?P<units>[\w@][\w@.:\\-]*(?:\s+[\w@][\w@.:\\-]*)*)")
#: What a specification has where create-dir would find a directory, and fail.
_DIRECTORY = re.compile(
    r"install\s+--directory\s+--mode=(?P<mode>[0-7]{4})\s+--owner=(?P<uid>[\w-]+)"
    r"\s+--group=(?P<gid>[\w-]+)\s+(?P<path>/[\w@%+=:,./-]*|'/[^'\ue000]*')",
    re.ASCII,
)


def as_calls(system: Result, script: Text, *, on_host: bool) -> tuple[tuple[Call, ...], str] | None:
    """The calls that do what a script does, and a name for their step; None where it does more."""
    if script.parts is None:
        return None
    variables = [part for part in script.parts if isinstance(part, Variable)]
    marked = "".join(_MARK if isinstance(part, Variable) else part for part in script.parts)
    lines = [line.strip().rstrip(";") for line in marked.splitlines()]
    rest = [line for line in lines if line and not line.startswith("#")]
    if on_host:
        replaced = [_IN_ROOT.subn(r"\1", line) for line in rest]
        own = [_IN_ROOT.sub("", line) for line in rest]
        if not all(times for _, times in replaced) or any(re.search(r"(^|\s)/", o) for o in own):
            return None  # it is about this machine's own files
        rest = [line for line, _ in replaced]
    calls: list[tuple[Call, str]] = []
    while rest:
        found = _machine_id(system, rest) or _one(system, script, rest[0], variables, on_host)
        if found is None:
            return None
        call, name, used = found
        if not calls or calls[-1][0] != call:
            calls.append((call, name))
        del rest[:used]
    names = list(dict.fromkeys(name for _, name in calls))
    if not names or variables:  # those that are left stand in what is lost
        return None
    return tuple(call for call, _ in calls), names[0] if len(names) == 1 else "customize"


def comments_in(script: str) -> Sequence[str]:
    """The comments of a script that becomes calls."""
    lines = (line.strip() for line in script.splitlines())
    return [line.lstrip("#").strip() for line in lines if line.startswith("#")]


def _with_variables(text: str, script: Text, variables: list[Variable]) -> Text:
    """A part of a script, in which the next of its variables stand where they are marked."""
    parts: list[str | Variable] = []
    for number, plain in enumerate(text.split(_MARK)):
        if number:
            parts.append(variables.pop(0))
        if plain:
            parts.append(plain)
    value = "".join(part.value if isinstance(part, Variable) else part for part in parts)
    return Text(value, script.where, tuple(parts))


_Found = tuple[Call, str, int]


def _one(
    system: Result,
    script: Text,
    line: str,
    variables: list[Variable],
    on_host: bool,  # noqa: FBT001 (passed on)
) -> _Found | None:
    def call(function: str, *arguments: Argument, **named: Argument) -> Call:
        return Call(
            function=function,
            arguments=(system, *arguments),
            named=named,
            module=_LIBRARY,
            where=script.where,
        )

    if (match := _DIRECTORY.fullmatch(line)) and not on_host:
        return _directory(system, match)
    if match := _HOSTNAME.fullmatch(line):
        name = _with_variables(match["name"], script, variables)
        if not _LABEL.fullmatch(name):
            return None
        return call("set_hostname", name, hosts=False), "host_name", 1
    tests: Sequence[tuple[re.Pattern[str], Callable[[re.Match[str]], Call], str]] = (
        (_ROOT_PASSWORD, lambda _: call("open_root_console"), "root_console"),
        (_RESOLVER, lambda _: call("remove_resolver"), "resolver"),
        (_EMPTY_ID, lambda _: call("forget_machine_id"), "machine_id"),
        (_UNITS, lambda m: call("enable_unit", *m["units"].split()), "units"),
    )
    for pattern, make, step in tests:
        if match := pattern.fullmatch(line):
            return None if on_host and pattern is _UNITS else (make(match), step, 1)
    return None


def _directory(system: Result, found: re.Match[str]) -> _Found | None:
    mode, (path,) = int(found["mode"], 8), shlex.split(found["path"])
    if is_decimal(mode):
        return None  # which create_directory() takes for a mistake
    named: dict[str, Argument] = {} if mode == 0o755 else {"mode": Octal(mode)}  # noqa: PLR2004
    for key in ("uid", "gid"):
        owner = int(found[key]) if found[key].isdigit() else found[key]
        named |= {key: owner} if owner else {}
    call = Call(function="create_directory", arguments=(system, path), named=named)
    return call, PurePosixPath(path).name or "files", 1


def _machine_id(system: Result, lines: Sequence[str]) -> _Found | None:
    if not _NO_ID.fullmatch(lines[0]) or len(lines) == 1:
        return None
    named: dict[str, Argument] = {}
    if _FIRST_BOOT.fullmatch(lines[1]):
        named["first_boot"] = True
    elif not _EMPTY_ID.fullmatch(lines[1]):
        return None
    call = Call(function="forget_machine_id", arguments=(system,), named=named, module=_LIBRARY)
    return call, "machine_id", 2
