"""Copying a directory of this machine into the tree.

It runs in the tree's root: of the machine it has nothing but the open source, below which it never
follows a symlink, and what symlinks there were found to lead to. Symlinks of the tree are followed,
as they lead nowhere else.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from vmdsl.builder.image.allocation import copy_content
from vmdsl.builder.tree.paths import chown, gid_of, make_directory, uid_of
from vmdsl.errors import BuildError
from vmdsl.language.effects import CopyRules
from vmdsl.operations.files.directories import excluded, paths_below

_ACCESS = "system.posix_acl_access"
_DEFAULT = "system.posix_acl_default"
_CAPABILITY = "security.capability"
#: Those of an access control list: version, and then entries of tag, permissions and id.
_ACL_HEADER, _ACL_ENTRY = 4, 8
_ACL_OF_USERS, _ACL_OF_GROUPS = 0x02, 0x08


@contextmanager
def copier(source: Path, rules: CopyRules) -> Iterator[Callable[[Path], None]]:
    """Open a directory of this machine. Yields a function that copies it, to be called in the tree.

    Raises BuildError where a symlink that is to be followed leads to no file.
    """
    users, groups = _OutsideIds("uid"), _OutsideIds("gid")
    targets = _real_targets(source, rules.exclude) if rules.follow else None
    directory = os.open(source, os.O_RDONLY | os.O_DIRECTORY)
    machine = os.open("/", os.O_PATH | os.O_DIRECTORY)

    def copy(path: Path) -> None:
        _Copier(
            shown=source,
            rules=rules,
            user=None if rules.uid is None else uid_of(rules.uid),
            group=None if rules.gid is None else gid_of(rules.gid),
            users=users,
            groups=groups,
            targets=targets,
            machine=machine,
        ).copy(directory, path)

    try:
        yield copy
    finally:
        os.close(directory)
        os.close(machine)


@dataclass(frozen=True, kw_only=True)
class _Copier:
    """Copies directories. `user` and `group` own what is copied; None means the source's own.

    `users` and `groups` know the numbers that those of the sandbox have on this machine. `targets`
    are where symlinks lead to, if they are to be followed, as paths that start at `machine`.
    """

    shown: Path
    rules: CopyRules
    user: int | None
    group: int | None
    users: _OutsideIds
    groups: _OutsideIds
    targets: Mapping[Path, Path] | None
    machine: int
    _links: dict[tuple[int, int], Path] = field(default_factory=dict)

    def copy(self, source: int, path: Path) -> None:
        """Copy what is in an open directory to `path`, which is made like it if it is missing."""
        if self.rules.parents is None:
            make_directory(str(path.parent), None, None, None)
        else:
            missing = [place for place in (path, *path.parents) if not os.path.lexists(place)]
            for place in reversed(missing):
                make_directory(str(place), self.rules.parents, self.user, self.group)
        self._directory(source, path, self.shown)

    def _directory(self, source: int, path: Path, shown: Path) -> None:
        made = not path.is_dir()
        if made:
            if os.path.lexists(path):
                raise BuildError(
                    f"{shown} is a directory, and {path} in the system is not", code="in-the-way"
                )
            path.mkdir(0o700)
        with os.scandir(source) as entries:
            names = sorted(
                entry.name for entry in entries if not excluded(entry.name, self.rules.exclude)
            )
        for name in names:
            self._entry(source, name, path / name, shown / name)
        if made:  # last, as what is in a directory inherits its access control list
            self._attributes(source, path, shown)

    def _entry(self, source: int, name: str, path: Path, shown: Path) -> None:
        about = os.stat(name, dir_fd=source, follow_symlinks=False)
        if stat.S_ISLNK(about.st_mode) and self.targets is not None:
            self._followed(self.targets[shown], path, shown)
            return
        if stat.S_ISLNK(about.st_mode):
            self._replace(path, shown)
            path.symlink_to(os.readlink(name, dir_fd=source))
            self._own(path, about, shown)
            return
        if not (stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode)):
            raise BuildError(
                f"{shown} is neither a file, a directory nor a symlink", code="local-file"
            )
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=source)
        try:
            if stat.S_ISDIR(about.st_mode):
                self._directory(file, path, shown)
            else:
                self._file(file, path, shown)
        finally:
            os.close(file)

    def _followed(self, target: Path, path: Path, shown: Path) -> None:
        """Copy the file that a symlink leads to in its place; of a directory, only itself."""
        file = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self.machine)
        try:
            if stat.S_ISREG(os.fstat(file).st_mode):
                self._replace(path, shown)
                self._content(file, path, shown)
            elif not path.is_dir():
                self._replace(path, shown)
                path.mkdir(0o700)
                self._attributes(file, path, shown)
        finally:
            os.close(file)

    def _file(self, source: int, path: Path, shown: Path) -> None:
        about = os.fstat(source)
        self._replace(path, shown)
        inode = (about.st_dev, about.st_ino)
        if about.st_nlink > 1 and inode in self._links:
            path.hardlink_to(self._links[inode])
            return
        self._links[inode] = path
        self._content(source, path, shown)

    def _content(self, source: int, path: Path, shown: Path) -> None:
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            copy_content(source, target)
        finally:
            os.close(target)
        self._attributes(source, path, shown)

    def _replace(self, path: Path, shown: Path) -> None:
        """Remove what is at a path, for something to take its place."""
        if path.is_dir() and not path.is_symlink():
            raise BuildError(
                f"{path} in the system is a directory, and {shown} is not", code="in-the-way"
            )
        path.unlink(missing_ok=True)

    def _attributes(self, source: int, path: Path, shown: Path) -> None:
        """Give a file or directory the owner, the permissions and attributes of its source.

        A change of the owner takes away capabilities and the bits of set-user-id: it comes first.
        """
        about = os.fstat(source)
        self._own(path, about, shown)
        mode = stat.S_IMODE(about.st_mode)
        names = _attributes_of(source)
        for name in names:
            if name in (_ACCESS, _DEFAULT):
                os.setxattr(path, name, self._access(os.getxattr(source, name), shown))
        path.chmod(mode if _ACCESS in names else mode & ~self.rules.umask)
        for name in names:
            if name == _CAPABILITY or (
                name.startswith("user.") and not name.startswith("user.overlay.")
            ):
                os.setxattr(path, name, self._attribute(source, name, shown))

    def _own(self, path: Path, about: os.stat_result, shown: Path) -> None:
        user = self.users.of(shown, about.st_uid) if self.user is None else self.user
        group = self.groups.of(shown, about.st_gid) if self.group is None else self.group
        chown(path, user, group, follow_symlinks=False)

    def _attribute(self, source: int, name: str, shown: Path) -> bytes:
        try:
            return os.getxattr(source, name)
        except OSError as error:
            if error.errno != errno.EOVERFLOW:
                raise
            raise BuildError(
                f"{shown} has capabilities that only root can copy: build as root, or set them "
                "in the system with setcap",
                code="needs-root",
            ) from None

    def _access(self, acl: bytes, shown: Path) -> bytes:
        """Return an access control list with the numbers of users and groups on this machine."""
        result = bytearray(acl)
        for start in range(_ACL_HEADER, len(acl), _ACL_ENTRY):
            tag = int.from_bytes(acl[start : start + 2], "little")
            kept = {_ACL_OF_USERS: self.users, _ACL_OF_GROUPS: self.groups}.get(tag)
            if kept is not None:
                there = slice(start + 4, start + 8)
                number = kept.of(shown, int.from_bytes(acl[there], "little"))
                result[there] = number.to_bytes(4, "little")
        return bytes(result)


class _OutsideIds:
    """The numbers that users, or groups, of the sandbox have on this machine.

    `kind` is `uid` or `gid`.
    """

    def __init__(self, kind: str) -> None:
        self._kind = "user" if kind == "uid" else "group"
        text = Path(f"/proc/self/{kind}_map").read_text(encoding="ascii")
        numbers = [[int(word) for word in line.split()] for line in text.splitlines()]
        self._ranges = [(inside, outside, count) for inside, outside, count in numbers]
        unknown = Path(f"/proc/sys/kernel/overflow{kind}").read_text(encoding="ascii")
        self._unknown = {int(unknown), 2**32 - 1}

    def of(self, file: Path, number: int) -> int:
        """Return the number on this machine. Raises BuildError for what the sandbox doesn't know.

        The kernel shows all that it doesn't know as one number, which another may have, too.
        """
        for inside, outside, count in self._ranges:
            if inside <= number < inside + count:
                found = outside + number - inside
                if number in self._unknown and found != number:
                    break
                return found
        raise BuildError(
            f"{file} names a {self._kind} whose number only root can read: build as root, or "
            "say whose it is to be",
            code="needs-root",
        )


def _real_targets(source: Path, exclude: Sequence[str]) -> Mapping[Path, Path]:
    """Return where the symlinks in a directory of this machine lead to, by their paths.

    Those are relative to the machine's root. Raises BuildError where one leads to neither a file
    nor a directory.
    """
    found = {}
    for path in (source / below for below in paths_below(source, Path(), exclude)):
        if path.is_symlink():
            if not (path.is_file() or path.is_dir()):
                raise BuildError(f"{path} is a symlink that leads to no file", code="in-the-way")
            found[path] = path.resolve().relative_to("/")
    return found


def _attributes_of(file: int) -> list[str]:
    try:
        return sorted(os.listxattr(file))
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
        return []
