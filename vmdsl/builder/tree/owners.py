"""Numbers of users and groups that no file can have in this user's builds, and how to have more."""

from __future__ import annotations

import os
import pwd
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from vmdsl.errors import BuildError, CommandError, HostError, OwnerError, Problem, Where
from vmdsl.host.identity import NEEDED, free_start, map_covers, ranges
from vmdsl.language.effects import TreeOperation

_SUBUID, _SUBGID = Path("/etc/subuid"), Path("/etc/subgid")
_ALL = 2**32 - 1  # numbers of users and groups are less
#: What programs say when the kernel knows no such owner: chown, tar, cp, install, dpkg, rsync.
_SAID = re.compile(r"(?i)^.*\b(?:[fl]?chown\w*|owner|ownership)\b.*invalid argument", re.MULTILINE)
_NUMBER = re.compile(r"(?<![\w.-])\d{5,10}(?![\w.-])")


@dataclass(frozen=True, kw_only=True)
class Ids:
    """The ranges of ids of all users, and what the kernel maps: texts of files."""

    user: str
    subuid: str
    subgid: str

    @classmethod
    def of(cls, uid: int) -> Ids:
        """Read those of a user of this machine, who is root if the number is 0."""
        user = str(uid)
        with suppress(KeyError):
            user = pwd.getpwuid(uid).pw_name
        return cls(user=user, subuid=_read(_SUBUID), subgid=_read(_SUBGID))

    def count(self, text: str) -> int:
        """Return how many ids a user has by /etc/subuid or /etc/subgid."""
        return next((r.length for r in ranges(text) if r.owner == self.user), 0)

    def how_to_get(self, number: int) -> str:
        """Return the command that lengthens the user's ranges for a number."""
        if self.user == "root":
            return f"give the container the ids 0 to {number}, or build outside it"
        length = -(-(number + 1) // NEEDED) * NEEDED
        options, places = [], []
        for name, text in (("uid", self.subuid), ("gid", self.subgid)):
            own = next((r for r in ranges(text) if r.owner == self.user), None)
            others = "\n".join(
                f"{r.owner}:{r.start}:{r.length}"
                for r in (*ranges(self.subuid), *ranges(self.subgid))
                if r.owner != self.user
            )
            start = free_start(others, length=length, first=own.start if own else None)
            places.append(own is None or own.start == start)
            if start + length > _ALL:
                return f"choose a number below {self.count(text)}: there is no range as long"
            if own:
                options.append(f"--del-sub{name}s {own}")
            options.append(f"--add-sub{name}s {start}-{start + length - 1}")
        first = "" if all(places) else "vmdsl cache clear, as its files have the old numbers; then "
        return f"{first}as root: usermod {' '.join(options)} {self.user}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def require_owners(operations: Iterable[TreeOperation]) -> None:
    """Raise HostError with all operations whose files are to have an owner that none can have."""
    uid = os.geteuid()
    ids = Ids.of(uid)
    if uid == 0:
        maps = [_read(Path(f"/proc/self/{kind}_map")) for kind in ("uid", "gid")]
        known = [lambda number, text=text: map_covers(text, number, 1) for text in maps]
    else:
        counts = [ids.count(ids.subuid), ids.count(ids.subgid)]
        # Some versions of unshare map one more than others.
        known = [lambda number, count=count: number <= count for count in counts]
    problems = [
        operation.problem(_beyond(number, ids), ids.how_to_get(number), about=argument, code="ids")
        for operation in operations
        for argument, number in operation.owner_numbers()
        if not known[argument == "gid"](number)
    ]
    if problems:  # two operations of one call have the same owner
        once: dict[tuple[Where | None, str], Problem] = {}
        for problem in problems:
            once.setdefault((problem.where, problem.what), problem)
        raise HostError(*once.values())


def _beyond(number: int, ids: Ids) -> str:
    have = min(ids.count(ids.subuid), ids.count(ids.subgid))
    return f"no file can belong to {number} here: your range of ids has {have}"


def ids_of_sandbox() -> Ids:
    """Return the ids of the user whose sandbox this is."""
    return Ids.of(int(_read(Path("/proc/self/uid_map")).split()[1]))


def explained(error: OwnerError) -> BuildError:
    """Return an error that says how to lengthen the range of ids."""
    hint = ids_of_sandbox().how_to_get(max(error.ids))
    return BuildError(*(replace(problem, hint=hint) for problem in error.problems))


def explained_command(error: CommandError, command: Iterable[str]) -> CommandError:
    """Return the error of a command, with the range of ids if the command failed for that."""
    said = _SAID.search(error.output)
    if not said:
        return error
    ids = ids_of_sandbox()
    count = ids.count(ids.subuid)
    numbers = [int(n) for text in (said[0], *command) for n in _NUMBER.findall(text)]
    number = next((n for n in numbers if count <= n < _ALL), 2 * count)
    hint = f"owners from {count} on are not in your range of ids: {ids.how_to_get(number)}"
    (problem,) = error.problems
    return CommandError(
        replace(problem, hint=f"{problem.hint}\n{hint}"),
        output=error.output,
    )


def check_homes(layer: Path) -> None:
    """Raise BuildError for new users whose home no file can belong to: useradd goes on without."""
    passwd = layer / "etc/passwd"
    if not (passwd.is_file() and not passwd.is_symlink()):
        return
    maps = [_read(Path(f"/proc/self/{kind}_map")) for kind in ("uid", "gid")]
    problems = []
    for name, numbers, home in _users(passwd.read_text(encoding="utf-8", errors="replace")):
        unknown = [n for n, text in zip(numbers, maps, strict=True) if not map_covers(text, n, 1)]
        if unknown and _is_made_in(layer, home):
            what = f"{home} does not belong to {name}: no file can belong to {max(unknown)} here"
            hint = ids_of_sandbox().how_to_get(max(unknown))
            problems.append(Problem(what=what, hint=hint, code="ids"))
    if problems:
        raise BuildError(*problems)


def _users(passwd: str) -> Iterator[tuple[str, tuple[int, int], str]]:
    for line in passwd.splitlines():
        fields = line.split(":")
        if len(fields) > 5 and fields[2].isdecimal() and fields[3].isdecimal():  # noqa: PLR2004
            yield fields[0], (int(fields[2]), int(fields[3])), fields[5]


def _is_made_in(layer: Path, home: str) -> bool:
    place = Path(os.path.normpath(f"{layer}/{home}"))
    if place == layer or not place.is_relative_to(layer):
        return False
    try:
        return stat.S_ISDIR(place.lstat().st_mode)
    except OSError:
        return False
