"""Directories and symlinks that a recipe puts into the system."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from vmdsl.errors import Problem
from vmdsl.language.effects import CopyRules, Owner, Tree, TreeOperation
from vmdsl.language.operation import Fact, Operation, Script, operation, record, refuse
from vmdsl.operations.files.files import (
    LONGEST_PATH,
    Place,
    checked_mode,
    checked_owner,
    owned_too_early,
    place_of,
    script_at,
    text_at,
)

#: So many executable files of a copied directory, and directories in it, are looked into.
_FEW = 1000


@operation
class CreateDirectory(TreeOperation):
    """A directory, with a mode and an owner."""

    reads_layout = False
    installs_anything = False

    path: str
    mode: int
    uid: Owner
    gid: Owner

    def summary(self) -> str:
        return f"create the directory {self.path}"

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Warn of an owner whom only a step below makes."""
        yield from super().check_plan(operations, complete=complete)
        yield from owned_too_early(self, operations)

    def apply(self, tree: Tree) -> None:
        tree.mkdir(self.path, mode=self.mode, uid=self.uid, gid=self.gid)


def create_directory(
    root: Place,
    path: str,
    *,
    mode: int = 0o755,
    uid: Owner = 0,
    gid: Owner = 0,
    unless: Fact | None = None,
) -> None:
    """Create a directory, or give one that is there this mode and owner.

    `path` starts at `root`; missing parents are made with mode 0755, and are root's. `uid` and
    `gid` are numbers, or names that the system knows at this step.
    """
    record(
        CreateDirectory(
            root=root,
            path=place_of(root, path),
            mode=checked_mode(mode),
            uid=checked_owner("uid", uid),
            gid=checked_owner("gid", gid),
            unless=unless,
        )
    )


@operation
class CreateSymlink(TreeOperation):
    """A symlink."""

    reads_layout = False
    installs_anything = False

    path: str
    target: str

    def summary(self) -> str:
        return f"symlink {self.path} to {self.target}"

    def may_write(self, path: str) -> bool:
        return self.path == path

    def apply(self, tree: Tree) -> None:
        tree.symlink(self.path, self.target)


def create_symlink(root: Place, path: str, target: str, *, unless: Fact | None = None) -> None:
    """Create a symlink, or replace a file or symlink by one. It is root's.

    `path` starts at `root`; missing parents are made. `target` is the text of the symlink, as it
    will be read in the system: an absolute path, or one from the symlink's own directory. Nothing
    needs to be there. A directory is not replaced: that ends the build.
    """
    if not target or "\0" in target:
        raise refuse(
            f"{target!r} is not a target of a symlink",
            "give the path that it leads to",
            about="target",
            code="path",
        )
    if len(os.fsencode(target)) > LONGEST_PATH:
        raise refuse(
            f"the target of the symlink is too long: {len(os.fsencode(target))} bytes",
            f"a symlink has at most {LONGEST_PATH}",
            about="target",
            code="path",
        )
    if target.startswith("/") and path.startswith("../"):
        raise refuse(
            f"{path} is relative, as only the target of a symlink can be",
            "exchange the two: the symlink's own path comes first",
            about="path",
            code="path",
        )
    record(CreateSymlink(root=root, path=place_of(root, path), target=target, unless=unless))


@operation
class CopyTree(TreeOperation):
    """A directory that is copied from beside the recipe, with all that is in it."""

    reads_layout = False
    installs_anything = False

    source: Path
    path: str
    umask: int
    uid: Owner | None
    gid: Owner | None
    exclude: tuple[str, ...]
    parents: int | None
    follow: bool

    def summary(self) -> str:
        return f"copy the directory {self.source} to {self.path}"

    def may_write(self, path: str) -> bool:
        place = PurePosixPath(path)
        inner = place.relative_to(self.path) if place.is_relative_to(self.path) else None
        return inner is not None and (self.directory / self.source / inner).exists()

    def text_of(self, path: str) -> str | None:
        place = PurePosixPath(path)
        if not place.is_relative_to(self.path):
            return None
        return text_at(self.directory / self.source / place.relative_to(self.path))

    def scripts(self) -> tuple[Script, ...]:
        """Return the executable scripts, if there are few: a large tree is not read for them."""
        start = self.directory
        found = [p for p in self.local_files() if os.access(start / p, os.X_OK)]
        if len(found) > _FEW:
            return ()
        read = (one for path in found for one in script_at(start / path, str(path)))
        return tuple(replace(one, may_be_data=True) for one in read)

    def local_directories(self) -> tuple[Path, ...]:
        return (self.source,)

    def local_files(self) -> tuple[Path, ...]:
        found = paths_below(self.directory, self.source, self.exclude)
        return with_targets(self.directory, found) if self.follow else found

    def adds_archive(self) -> bool:
        apt, copied = PurePosixPath("/etc/apt"), PurePosixPath(self.path)
        return copied.is_relative_to(apt) or apt.is_relative_to(copied)

    def apply(self, tree: Tree) -> None:
        rules = CopyRules(
            umask=self.umask,
            uid=self.uid,
            gid=self.gid,
            exclude=self.exclude,
            parents=self.parents,
            follow=self.follow,
        )
        tree.copy_tree(tree.recipe_directory / self.source, self.path, rules)


def copy_tree(
    root: Place,
    source: str | Path,
    path: str,
    *,
    uid: Owner | None = 0,
    gid: Owner | None = 0,
    umask: int = 0o022,
    exclude: Sequence[str] = (),
    parents: int | None = None,
    follow: bool = False,
    unless: Fact | None = None,
) -> None:
    """Copy what is in a directory of this machine into a directory of the system.

    `source` is relative to the recipe's directory. `path` starts at `root`, and may be `/`; it is
    made if it is missing, with its parents. A directory that the system has keeps its mode and
    owner, and what else is in it; files and symlinks are replaced.

    Kept are permissions, symlinks as they are, hard links, holes, the extended attributes of
    users, access control lists and capabilities. Times are not: they would differ from checkout to
    checkout. A socket, a pipe or a device is a mistake.

    `uid` and `gid` are the owner of all that is copied: numbers, or names that the system knows at
    this step. With `None` each file keeps the number that it has on this machine; the build of an
    ordinary user ends where that is neither their own nor in their range of /etc/subuid, as with
    an access control list of such users.

    `umask` is taken away from permissions, as people have checkouts of different permissions; 0
    keeps all of them, and those of what has an access control list are always kept. `exclude` has
    names that are left out wherever they are, with what is in them, such as `(".git", "*.pyc")`.

    `parents` is the mode of `path` and of its parents where they are missing, which then get the
    owner, too. Without it `path` gets the mode that `source` has; its parents get 0755, and are
    root's. With `follow` each symlink becomes the file that it leads to; where that is a directory,
    an empty one. A symlink that leads nowhere is a mistake then.
    """
    if isinstance(exclude, str):
        raise refuse(
            f"exclude={exclude!r} is one text",
            f"give a tuple: exclude=({exclude!r},)",
            code="text-for-list",
        )
    for pattern in exclude:
        if not pattern or "/" in pattern:
            raise refuse(
                f"exclude={pattern!r} is not the name of a file",
                'give names, such as ".git"',
                code="path",
            )
    if parents is not None and not 0 <= parents <= 0o7777:  # noqa: PLR2004 (twelve bits)
        raise refuse(
            f"parents={parents}", "write it in octal, such as 0o755", about="parents", code="mode"
        )
    if not 0 <= umask <= 0o777:  # noqa: PLR2004 (nine bits)
        raise refuse(
            f"the umask {umask}", "write it in octal, such as 0o022", about="umask", code="mode"
        )
    record(
        CopyTree(
            root=root,
            source=Path(source),
            path=place_of(root, path, top=True),
            umask=umask,
            uid=None if uid is None else checked_owner("uid", uid),
            gid=None if gid is None else checked_owner("gid", gid),
            exclude=tuple(exclude),
            parents=parents,
            follow=follow,
            unless=unless,
        )
    )


def excluded(name: str, patterns: Sequence[str]) -> bool:
    """Return whether a name matches one of the patterns that are left out."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def paths_below(start: Path, directory: Path, exclude: Sequence[str] = ()) -> tuple[Path, ...]:
    """Return all that is in a directory, sorted; symlinks are not followed.

    `directory` and the result are relative to `start`.
    """
    return tuple(sorted(_below(start, directory, exclude), key=os.fsencode))


def with_targets(start: Path, paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return paths relative to `start`, and the files that the symlinks among them lead to."""
    links = [start / path for path in paths if (start / path).is_symlink()]
    return tuple(dict.fromkeys((*paths, *(link.resolve() for link in links if link.is_file()))))


def _below(start: Path, directory: Path, exclude: Sequence[str]) -> Iterator[Path]:
    try:
        with os.scandir(start / directory) as entries:
            found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except OSError:  # a rule says so
        return
    for name, is_directory in found:
        if not excluded(name, exclude):
            yield directory / name
            if is_directory:
                yield from _below(start, directory / name, exclude)
