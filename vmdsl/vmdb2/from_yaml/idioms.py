"""Shell that people write for want of a step, as functions of the library that do the same."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from vmdsl.operations.files.files import is_decimal
from vmdsl.vmdb2.draft import Argument, Call, Octal, Result
from vmdsl.vmdb2.text import Text, Variable

_LIBRARY = "vmdsl_stdlib"
#: Stands for a variable, in a script that is compared.
_MARK = "\ue000"
#: "${ROOT?}/etc/hostname" and its like, for what is /etc/hostname in the system.
_IN_ROOT = re.compile(r'"?\$(?:ROOT|\{ROOT\??\})"?(/[\w./-]+)"?(?=\s|$)')
_HOSTNAME = re.compile(
    r"""(?:
        echo\s+(?P<q>["']?)(?P<name>[A-Za-z0-9\ue000-]+)(?P=q) |
        printf\s+(?:'%s\\n'|"%s\\n")\s+(?P<r>["']?)(?P<printed>[A-Za-z0-9\ue000-]+)(?P=r) |
        printf\s+(?P<s>["'])(?P<line>[A-Za-z0-9\ue000-]+)\\n(?P=s)
    )\s*>\s*/etc/hostname""",
    re.VERBOSE,
)
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_ROOT_PASSWORD = re.compile(
    r"""passwd\s+(?:-d|--delete)\s+root|
    usermod\s+(?:-p|--password)\s+(?:''|"")\s+root|
    sed\s+-i\s+(?:-e\s+)?(?P<quote>["'])(?:
        /\^root:\[\^:\]\*:/s//root::/g? |
        s(?P<mark>[/,@\#|_])\^?root:(?:\[\^:\]\*|(?P<star>\\\*|\*)|(?P<x>x)):(?P=mark)root::(?P=mark)g?
    )(?P=quote)\s+/etc/(?(x)passwd|(?(star)shadow|(?:passwd|shadow)))""",
    re.VERBOSE,
)
_RESOLVER = re.compile(r"rm\s+(?:-f\s+)?/etc/resolv\.conf")
_NO_ID = re.compile(r"rm\s+(?:-f\s+)?/etc/machine-id(?:\s+/var/lib/dbus/machine-id)?")
_EMPTY_ID = re.compile(
    r"""(?:echo\s+-n(?:\s+(?:''|""))?\s*|:\s*|cat\s+/dev/null\s*)?>\s*/etc/machine-id|
    truncate\s+(?:-s|--size)[ =]?0\s+/etc/machine-id""",
    re.VERBOSE,
)
_NEW_ID = re.compile(r"touch\s+/etc/machine-id")
_FIRST_BOOT = re.compile(r"""echo\s+(["']?)uninitialized\1\s*>\s*/etc/machine-id""")
_UNITS = re.compile(
    r"systemctl\s+(?P<verb>enable|disable|mask)\s+(?P<units>[\w@][\w@.:\\-]*(?:\s+[\w@][\w@.:\\-]*)*)"
)
#: A line of apt's configuration, of which the first one makes the file.
_ADDED = re.compile(
    r"""echo\s+(?P<quote>["'])(?P<line>[^"'\\$`\n]+)(?P=quote)\s*(?P<how>>>?)\s*
    (?P<path>/etc/apt/(?:sources\.list|(?:sources\.list|apt\.conf|preferences)\.d/[\w.-]+))""",
    re.VERBOSE,
)
#: A script in place of create-dir, which fails if the directory exists.
_DIRECTORY = re.compile(
    r"install\s+--directory\s+--mode=(?P<mode>[0-7]{4})\s+--owner=(?P<uid>[\w-]+)"
    r"\s+--group=(?P<gid>[\w-]+)\s+(?P<path>/[\w@%+=:,./-]*|'/[^'\ue000]*')",
    re.ASCII,
)
#: A local file for the system. Without a slash at its end, the place may be a directory, too.
_INSTALL = re.compile(
    r"install(?:\s+-m\s+(?P<mode>[0-7]{3,4})|\s+-[og]\s+(?:root|0))+"
    r"\s+(?P<source>\w[\w./-]*)\s+(?P<path>/[\w./-]+)",
    re.ASCII,
)
#: With the function that does the same, and a name for its step.
_SIMPLE = (
    (_ROOT_PASSWORD, "open_root_console", "root_console"),
    (_RESOLVER, "remove_resolver", "resolver"),
    (_EMPTY_ID, "forget_machine_id", "machine_id"),
)
#: Files of apt's that no image has: the first are never in the tree, the others are removed.
_CLEAN = re.compile(
    r"""apt(?:-get)?(?:\s+(?:-[yq]+|--yes|--quiet))*\s+(?:auto)?clean|
    rm\s+-r?fr?\s+(?:/var/lib/apt/lists/\*|/var/cache/apt/archives/\*\.deb)""",
    re.VERBOSE,
)
#: apt's index, which operations fetch by themselves.
UPDATE = re.compile(r"apt(?:-get)?(?:\s+(?:-[yq]+|--yes|--quiet))*\s+update(?:\s+-[yq]+)?")
#: With a word by which apt asks nothing.
_UPGRADE = re.compile(
    r"""(?:DEBIAN_FRONTEND=noninteractive\s+)?apt(?:-get)?
    (?=.*\s(?:-q*yq*|--yes|--assume-yes)(?:\s|$))\s+
    (?:(?:-[yq]+|--yes|--assume-yes|--quiet|-o\s?Dpkg::Use-Pty=0)\s+)*
    (?:dist-upgrade|full-upgrade)(?:\s+(?:-[yq]+|--yes|--assume-yes|--quiet))*""",
    re.VERBOSE,
)
#: A file that every build removes, and what systemctl does not do in a chroot.
_NOTHING = re.compile(
    rf"rm\s+-f\s+/var/lib/dbus/machine-id|systemctl\s+daemon-reload|(?x:{_CLEAN.pattern})"
)
#: Settings that change nothing: the first ever, as all scripts have it, the second among idioms.
_SETTING = re.compile(r"set\s+-(e|[eux]+)")
#: Between commands, of which each has to be an idiom by itself.
_BETWEEN = re.compile(r"\s*(?:&&|;)\s*")


@dataclass(frozen=True)
class Idioms:
    """The calls that do what the first lines of a script do, and a name for their step.

    `comments` are those of these lines. `rest` is the script without them; None if nothing is left.
    """

    calls: tuple[Call, ...]
    name: str
    comments: tuple[str, ...]
    rest: Text | None


@dataclass(frozen=True)
class _Command:
    """A command with its variables; `end` is where its line ends, if it is the last in it."""

    text: str
    variables: tuple[Variable, ...]
    end: int = 0


#: A call, a name for its step, and how many commands it does. Without a call, nothing is to do.
_Found = tuple[Call | None, str, int]


def idioms(
    system: Result, script: Text, *, on_host: bool, files: Path | None = None
) -> Idioms | None:
    """Return what the first lines of a script do, as calls; None if they are not known.

    `files` is the directory of its local files, if nothing before can have changed them.
    """
    if script.parts is None:
        return None
    marked = "".join(_MARK if isinstance(part, Variable) else part for part in script.parts)
    commands = list(_commands(script, marked, on_host=on_host))
    calls: list[tuple[Call, str]] = []
    done, end, whole = 0, 0, 0
    while done < len(commands) and (
        found := _known(system, script, commands[done:])
        or _installed(system, script, commands[done].text, files)
    ):
        call, name, used = found
        if call is not None and call not in [previous for previous, _ in calls[-1:]]:
            calls.append((call, name))
        done += used
        if commands[done - 1].end:
            end, whole = commands[done - 1].end, len(calls)
    rest = None if done == len(commands) else _behind(script, end)
    set_for_rest = re.search(r"set -\w*[ux]", "\n".join(c.text for c in commands[:done]))
    if not whole or (rest and set_for_rest):
        return None
    comments = tuple(comments_in(marked if rest is None else marked[:end]))
    if any(_MARK in comment for comment in comments):
        return None  # a variable that would be lost
    names = list(dict.fromkeys(name for _, name in calls[:whole]))
    name = " and ".join(names[:2])
    return Idioms(tuple(call for call, _ in calls[:whole]), name, comments, rest)


def comments_in(script: str) -> Sequence[str]:
    """Return the comments of a script that becomes calls."""
    lines = (line.strip() for line in script.splitlines())
    return [line.lstrip("#").strip() for line in lines if line.startswith("#")]


def _commands(script: Text, marked: str, *, on_host: bool) -> Iterator[_Command]:
    """Yield the commands of the lines; an empty text for one that can't be an idiom."""
    variables = [part for part in script.parts or () if isinstance(part, Variable)]
    end = 0
    for line in marked.splitlines(keepends=True):
        begin, end = end, end + len(line)
        words = line.strip().rstrip(";")
        if not words or words.startswith("#"):
            continue
        used = marked[:begin].count(_MARK)
        pieces = [words] if _DIRECTORY.fullmatch(words) else _BETWEEN.split(words)
        if words.endswith("\\"):
            pieces = [""]
        for number, piece in enumerate(pieces, start=1):
            own = tuple(variables[used : used + piece.count(_MARK)])
            used += piece.count(_MARK)
            text = _inside(piece) if on_host else piece
            yield _Command(text, own, end if number == len(pieces) else 0)


def _inside(command: str) -> str:
    """Return a host command as one of the system; nothing if it is about files of the host."""
    if _SETTING.fullmatch(command):
        return command
    text, times = _IN_ROOT.subn(r"\1", command)
    about_host = re.search(r"(^|\s)/", _IN_ROOT.sub("", command))
    only_there = text.startswith("systemctl") or _DIRECTORY.fullmatch(text)
    return text if times and not about_host and not only_there else ""


def _behind(script: Text, offset: int) -> Text:
    """Return what follows an offset in a script, in which each variable counts as one letter."""
    parts: list[str | Variable] = []
    for part in script.parts or ():
        length = 1 if isinstance(part, Variable) else len(part)
        if isinstance(part, Variable) and offset <= 0:
            parts.append(part)
        elif isinstance(part, str) and offset < length:
            parts.append(part[max(offset, 0) :])
        offset -= length
    if parts and isinstance(parts[0], str):
        parts[0] = re.sub(r"\A(\s*\n)+", "", parts[0])
    value = "".join(part.value if isinstance(part, Variable) else part for part in parts)
    return Text(value, script.where, tuple(parts))


def _known(system: Result, script: Text, commands: Sequence[_Command]) -> _Found | None:
    """Return what the first of some commands does, if it is known."""
    text = commands[0].text
    if _SETTING.fullmatch(text) or _NOTHING.fullmatch(text):
        return None, "", 1
    if match := _DIRECTORY.fullmatch(text):
        return _directory(system, script, match)
    if match := _HOSTNAME.fullmatch(text):
        return _host_name(system, script, match, commands[0].variables)
    if _ADDED.fullmatch(text):
        return _file_of_apt(system, script, commands)
    if _NO_ID.fullmatch(text) and len(commands) > 1:
        then = commands[1].text
        named: dict[str, Argument] = {"first_boot": True} if _FIRST_BOOT.fullmatch(then) else {}
        known = named or _EMPTY_ID.fullmatch(then) or _NEW_ID.fullmatch(then)
        made = _call("forget_machine_id", system, script, named=named)
        return (made, "machine_id", 2) if known else None
    return _upgrade(system, script, commands) or _simple(system, script, text)


def _upgrade(system: Result, script: Text, commands: Sequence[_Command]) -> _Found | None:
    """Return an upgrade, with the update of apt's index before it, which it brings about."""
    begin = 1 if UPDATE.fullmatch(commands[0].text) else 0
    if not any(_UPGRADE.fullmatch(command.text) for command in commands[begin : begin + 1]):
        return None
    return _call("apt_upgrade", system, script, module="vmdsl"), "upgrade", begin + 1


def only_cleans(script: Text) -> bool:
    """Return whether all commands of a script remove files of apt's that no image has."""
    lines = [line.strip() for line in script.split("\n")]
    commands = [line for line in lines if line and not line.startswith("#")]
    pieces = [piece for line in commands for piece in _BETWEEN.split(line.rstrip(";"))]
    return bool(pieces) and all(map(_CLEAN.fullmatch, pieces))


def _simple(system: Result, script: Text, text: str) -> _Found | None:
    """Return what a command does that needs nothing of others, if it is known."""
    if match := _UNITS.fullmatch(text):
        words = match["units"].split()
        return _call(f"{match['verb']}_unit", system, script, *words), "units", 1
    known = ((function, step) for pattern, function, step in _SIMPLE if pattern.fullmatch(text))
    function, step = next(known, ("", ""))
    return (_call(function, system, script), step, 1) if function else None


def _call(
    function: str,
    system: Result,
    script: Text,
    *arguments: Argument,
    named: Mapping[str, Argument] | None = None,
    module: str = _LIBRARY,
) -> Call:
    return Call(
        function=function,
        arguments=(system, *arguments),
        named=named or {},
        module=module,
        where=script.where,
    )


def _host_name(
    system: Result, script: Text, found: re.Match[str], variables: Sequence[Variable]
) -> _Found | None:
    written = found["name"] or found["printed"] or found["line"]
    name = _with_variables(written, script, variables)
    if not _LABEL.fullmatch(name):
        return None
    call = _call("set_hostname", system, script, name, named={"hosts": False})
    return call, "host_name", 1


def _file_of_apt(system: Result, script: Text, commands: Sequence[_Command]) -> _Found | None:
    """Return the file that commands write line by line; the first one must make it."""
    lines: list[str] = []
    path = ""
    for command in commands:
        found = _ADDED.fullmatch(command.text)
        if not found or _MARK in command.text or (found["how"] == ">") == bool(lines):
            break
        if path not in ("", found["path"]):
            break
        path = found["path"]
        lines.append(found["line"])
    if not lines:
        return None
    content = "".join(f"{line}\n" for line in lines)
    call = _call("create_file", system, script, path, content, module="vmdsl")
    return call, PurePosixPath(path).name, len(lines)


def _directory(system: Result, script: Text, found: re.Match[str]) -> _Found | None:
    mode, (path,) = int(found["mode"], 8), shlex.split(found["path"])
    if is_decimal(mode):
        return None  # which create_directory() takes for a mistake
    named: dict[str, Argument] = {} if mode == 0o755 else {"mode": Octal(mode)}  # noqa: PLR2004
    for key in ("uid", "gid"):
        owner = int(found[key]) if found[key].isdigit() else found[key]
        named |= {key: owner} if owner else {}
    call = _call("create_directory", system, script, path, named=named, module="vmdsl")
    return call, PurePosixPath(path).name or "files", 1


def _installed(system: Result, script: Text, text: str, files: Path | None) -> _Found | None:
    """Return the file that a host command installs, if it is there."""
    found = _INSTALL.fullmatch(text)
    if not found or files is None:
        return None
    source, path, mode = found["source"], found["path"], int(found["mode"] or "755", 8)
    name = PurePosixPath(source).name
    path += name if path.endswith("/") else ""
    there = files / source
    is_plain = there.is_file() and not there.is_symlink() and not is_decimal(mode)
    if not is_plain or PurePosixPath(path).name != name or path == "/etc/resolv.conf":
        return None
    named = {"mode": Octal(mode)}
    call = _call("copy_file", system, script, source, path, named=named, module="vmdsl")
    return call, name, 1


def _with_variables(text: str, script: Text, variables: Sequence[Variable]) -> Text:
    """Return a part of a script, with its variables where they are marked."""
    parts: list[str | Variable] = []
    for number, plain in enumerate(text.split(_MARK)):
        if number:
            parts.append(variables[number - 1])
        if plain:
            parts.append(plain)
    value = "".join(part.value if isinstance(part, Variable) else part for part in parts)
    return Text(value, script.where, tuple(parts))
