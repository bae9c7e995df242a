"""Files that a recipe puts into the system, and what it asks of those there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from vmdsl.errors import Advice, Problem
from vmdsl.language.effects import Owner, Tree, TreeOperation
from vmdsl.language.handles import Mounted, RootFs
from vmdsl.language.operation import (
    Fact,
    Operation,
    Script,
    Work,
    here,
    operation,
    origin_of,
    record,
    refuse,
    shown_with_line,
)
from vmdsl.language.secret import Secret
from vmdsl.operations.files.known_places import doubts, doubts_of_pins
from vmdsl.operations.files.passwords import may_make, users_made

Place = Mounted[Any] | RootFs

#: What is a directory in every system.
_DIRECTORIES = frozenset(
    f"/{name}"
    for name in (
        *("bin", "boot", "boot/efi", "boot/grub", "dev", "etc", "etc/apt", "etc/default"),
        *("etc/skel", "etc/network", "etc/systemd", "etc/systemd/system", "home", "lib", "media"),
        *("mnt", "opt", "proc", "root", "run", "sbin", "srv", "sys", "tmp", "usr", "usr/bin"),
        *("usr/lib", "usr/local", "usr/local/bin", "usr/local/sbin", "usr/sbin", "usr/share"),
        *("usr/src", "var", "var/cache", "var/lib", "var/log", "var/tmp"),
    )
)
#: In bytes: what is larger is something else, or has data at its end.
_LONGEST_SCRIPT = 2**18
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\$?")
LONGEST_NAME, LONGEST_PATH = 255, 4095  # in bytes
_SHOWN = 40
#: The number after it stands for none.
_LAST_OWNER = 2**32 - 2


@operation
class CreateFile(TreeOperation):
    """A file whose content stands in the recipe, or is a secret."""

    reads_layout = False
    installs_anything = False

    path: str
    content: str | Secret
    mode: int
    uid: Owner
    gid: Owner

    def summary(self) -> str:
        return f"create {self.path}"

    def scripts(self) -> tuple[Script, ...]:
        text = self.content if isinstance(self.content, str) else ""
        return Script.of_file(text, self.path, "content")

    def adds_archive(self) -> bool:
        return self.path.startswith("/etc/apt/")

    def may_write(self, path: str) -> bool:
        return self.path == path

    def files_written(self) -> tuple[str, ...]:
        return (self.path,)

    def mode_of(self, path: str) -> int | None:
        return self.mode if path == self.path else None

    def text_of(self, path: str) -> str | None:
        return self.content if path == self.path and isinstance(self.content, str) else None

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Warn of a name or a mode with which nothing uses the file."""
        del complete
        yield from _doubts(self, self.path, self.mode, operations)
        text = self.content if isinstance(self.content, str) else ""
        for what, hint in doubts_of_pins(self.path, text):
            yield self.problem(what, hint, about="content", kind=Advice, code="unread-file")

    def apply(self, tree: Tree) -> None:
        content = tree.reveal(self.content) if isinstance(self.content, Secret) else self.content
        tree.write(self.path, content, mode=self.mode, uid=self.uid, gid=self.gid)


def create_file(
    root: Place,
    path: str,
    content: str | Secret,
    *,
    mode: int | None = None,
    uid: Owner = 0,
    gid: Owner = 0,
    unless: Fact | None = None,
) -> None:
    """Create a file, or replace one. `path` starts at `root`; missing parents are made.

    Without `mode`, anybody may read it (0644); a secret, its owner alone (0600). `uid` and `gid`
    are numbers, or names that the system knows at this step.
    """
    if mode is None:
        mode = 0o600 if isinstance(content, Secret) else 0o644
    record(
        CreateFile(
            root=root,
            path=_file_at(root, path),
            content=content,
            mode=checked_mode(mode),
            uid=checked_owner("uid", uid),
            gid=checked_owner("gid", gid),
            unless=unless,
        )
    )


def _doubts(
    operation: TreeOperation, path: str, mode: int | None, operations: Sequence[Operation]
) -> Iterator[Problem]:
    """Warn of a name or a mode, unless a script below speaks of the file."""
    yield from replaced(operation, path, operations)
    yield from owned_too_early(operation, operations)
    name = PurePosixPath(path).name
    found = list(doubts(path, mode=mode, is_script=bool(operation.scripts())))
    if not found or not name:
        return
    below = [o for o in operations[operations.index(operation) + 1 :] if isinstance(o, Work)]
    if not any(name in script.text for one in below for script in one.scripts()):
        for what, hint, about in found:
            yield operation.problem(what, hint, about=about, kind=Advice, code="unread-file")


def owned_too_early(operation: TreeOperation, operations: Sequence[Operation]) -> Iterator[Problem]:
    """Warn of an owner whom only an operation below makes."""
    owner = getattr(operation, "uid", None)
    if not isinstance(owner, str):
        return
    at = operations.index(operation)
    work = [one for one in operations[:at] if isinstance(one, TreeOperation)]
    if any(may_make(one, owner) for one in work):
        return
    for below in operations[at + 1 :]:
        if isinstance(below, TreeOperation) and owner in users_made(below):
            what = f"the user {owner} is made below, in {shown_with_line(below)}"
            hint = "move this below it"
            yield operation.problem(what, hint, about="uid", kind=Advice, code="unknown-user")
            return


def replaced(
    operation: TreeOperation, path: str, operations: Sequence[Operation]
) -> Iterator[Problem]:
    """Warn of a file that an operation above writes too, if no script between may use it."""
    for above in reversed(operations[: operations.index(operation)]):
        if not isinstance(above, TreeOperation):
            continue
        if above.installs_anything or above.unless is not None or operation.unless is not None:
            return
        if below := _file_above(above, path):
            what = f"{below} is a file, which {shown_with_line(above)} writes: nothing is below it"
            yield operation.problem(what, "write to another place", about="path", code="in-the-way")
            return
        if above.may_write(path) and not above.local_directories():
            if origin_of(above).where == origin_of(operation).where:
                return
            what = f"this replaces {path}, which {shown_with_line(above)} writes"
            yield operation.problem(what, "write it once", kind=Advice, code="written-twice")
            return


def _file_above(operation: TreeOperation, path: str) -> str:
    """Return the file that an operation writes at a directory of a path, or ""."""
    parents = {str(parent) for parent in PurePosixPath(path).parents}
    return next((file for file in operation.files_written() if file in parents), "")


def text_at(file: Path) -> str | None:
    """Return the text of a local file, if it is one that can be read, and not long."""
    with suppress(OSError, UnicodeDecodeError):
        if file.is_file() and file.stat().st_size <= _LONGEST_SCRIPT:
            return file.read_bytes().decode()
    return None


def script_at(file: Path, name: str) -> tuple[Script, ...]:
    """Return the script that a local file is, if it is one that can be read."""
    text = text_at(file)
    return () if text is None else Script.of_file(text, name, "source")


@operation
class CopyFile(TreeOperation):
    """A file that is copied from beside the recipe."""

    reads_layout = False
    installs_anything = False

    source: Path
    path: str
    mode: int | None
    uid: Owner
    gid: Owner

    def summary(self) -> str:
        return f"copy {self.source} to {self.path}"

    def scripts(self) -> tuple[Script, ...]:
        return script_at(self.directory / self.source, str(self.source))

    def local_files(self) -> tuple[Path, ...]:
        return (self.source,)

    def adds_archive(self) -> bool:
        return self.path.startswith("/etc/apt/")

    def may_write(self, path: str) -> bool:
        return self.path == path

    def files_written(self) -> tuple[str, ...]:
        return (self.path,)

    def mode_of(self, path: str) -> int | None:
        if self.mode is not None or path != self.path:
            return self.mode if path == self.path else None
        with suppress(OSError):
            return (self.directory / self.source).stat().st_mode
        return None

    def text_of(self, path: str) -> str | None:
        return text_at(self.directory / self.source) if path == self.path else None

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Warn of a name or a mode with which nothing uses the file."""
        del complete
        yield from _doubts(self, self.path, self.mode_of(self.path), operations)

    def apply(self, tree: Tree) -> None:
        source = tree.recipe_directory / self.source
        mode = source.stat().st_mode & 0o755 if self.mode is None else self.mode
        tree.copy_in(source, self.path, mode=mode, uid=self.uid, gid=self.gid)


def copy_file(
    root: Place,
    source: str | Path,
    path: str,
    *,
    mode: int | None = None,
    uid: Owner = 0,
    gid: Owner = 0,
    unless: Fact | None = None,
) -> None:
    """Copy a file from this machine; `source` is relative to the recipe's directory.

    `path` starts at `root`; missing parents are made. Without `mode` the file keeps the
    permissions that it has, but for writing by others. `uid` and `gid` are numbers, or names that
    the system knows at this step.
    """
    if str(source)[:1] == "/" != path[:1] and (here().directory / path).is_file():
        hint = f'write copy_file(system(), "{path}", "{source}")'
        raise refuse("the local file comes first, then the path in the system", hint, code="path")
    record(
        CopyFile(
            root=root,
            source=Path(source),
            path=_file_at(root, path),
            mode=None if mode is None else checked_mode(mode),
            uid=checked_owner("uid", uid),
            gid=checked_owner("gid", gid),
            unless=unless,
        )
    )


@operation
class PathExists(TreeOperation):
    """A look whether something is there."""

    reads_layout = False
    installs_anything = False

    path: str
    fact: Fact

    def summary(self) -> str:
        return f"see whether {self.path} exists"

    def apply(self, tree: Tree) -> None:
        tree.decide(self.fact, tree.exists(self.path))


def path_exists(root: Place, path: str) -> Fact:
    """See whether there is anything at `path` when the build comes to this step."""
    fact = Fact()
    record(PathExists(root=root, path=place_of(root, path), fact=fact))
    return fact


def place_of(root: Place, path: str, *, top: bool = False) -> str:
    """Return the path in the future system; refuse a relative one or one with `..`.

    It may be that of `root` itself only where `top` says so.
    """
    asked = PurePosixPath(path)
    at_top = asked == PurePosixPath("/")
    if asked.root != "/" or ".." in asked.parts or (at_top and not top):
        hint = "write it as it is in the system: /etc/motd"
        raise refuse(f"{path!r} is not the path of a file", hint, about="path", code="path")
    if "\0" in path:
        hint = "write it without \\0, or as r'…'"
        raise refuse(f"the path {path!r} has a NUL character", hint, about="path", code="path")
    _check_length(path)
    mounted = root.mounted if isinstance(root, RootFs) else root
    return str(mounted.path / asked.relative_to("/"))


def _check_length(path: str) -> None:
    """Refuse a path that Linux does not take, or a name that no filesystem holds."""
    for text, most in ((path, LONGEST_PATH), *((name, LONGEST_NAME) for name in path.split("/"))):
        if len(os.fsencode(text)) > most:
            kind = "path" if text is path else "name"
            raise refuse(
                f"the {kind} {text[:_SHOWN]}… is too long: {len(os.fsencode(text))} bytes",
                f"a {kind} has at most {most}",
                about="path",
                code="path",
            )


def _file_at(root: Place, path: str) -> str:
    """Return the path of a file; refuse that of a directory."""
    place = place_of(root, path)
    if path.endswith("/") or place in _DIRECTORIES:
        raise refuse(
            f"{path!r} is a directory",
            "name the file that is to be in it",
            about="path",
            code="path",
        )
    return place


def checked_mode(mode: int) -> int:
    """Return the mode; refuse one of more than twelve bits, or one in decimal."""
    if not 0 <= mode <= 0o7777:  # noqa: PLR2004 (twelve bits)
        raise refuse(
            f"the mode {mode}", "write it in octal, such as 0o644", about="mode", code="mode"
        )
    if is_decimal(mode):
        raise refuse(f"the mode {mode} is {mode:#o}", f"write 0o{mode}", about="mode", code="mode")
    return mode


def is_decimal(mode: int) -> bool:
    """Return whether a mode was probably meant in octal: 644, which is 0o1204."""
    return mode >= 0o1000 and re.fullmatch("[0-7]{3}", str(mode)) is not None  # noqa: PLR2004


def checked_owner(argument: str, owner: Owner) -> Owner:
    """Return the owner; refuse a number that no file can have, or what can't be a name."""
    known = 0 <= owner <= _LAST_OWNER if isinstance(owner, int) else _NAME.fullmatch(owner)
    if not known:
        raise refuse(
            f"{argument} {owner!r} is not an owner",
            "give a number, or a name such as www-data",
            about=argument,
            code="owner",
        )
    return owner
