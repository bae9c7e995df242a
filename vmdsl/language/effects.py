"""The tree and the image, as operations on them see them, and the base classes of these operations.

A third party's operation is a frozen dataclass that derives from TreeOperation or
ImageOperation, and a function that records it. Nothing is registered.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from vmdsl.errors import Problem
from vmdsl.language.handles import Partition, RootFs
from vmdsl.language.layout import Layout, Span
from vmdsl.language.operation import Fact, Operation, Work, operation
from vmdsl.language.secret import Secret

_T = TypeVar("_T")

#: A user or a group: a number, or a name that the system itself knows.
Owner = int | str


@dataclass(frozen=True, kw_only=True)
class CopyRules:
    """The rules of `Tree.copy_tree`; the fields are the arguments of `copy_tree()`."""

    umask: int = 0
    uid: Owner | None = 0
    gid: Owner | None = 0
    exclude: tuple[str, ...] = ()
    parents: int | None = None
    follow: bool = False


#: Copies everything, with its permissions; root owns it.
COPY_ALL = CopyRules()


class Tree(Protocol):
    """The directory tree that will become the filesystems, as an operation sees it.

    Paths are those in the finished system: absolute, and confined to the tree whatever symlinks
    it contains. Methods that start programs raise BuildError when one fails.
    """

    @property
    def path(self) -> Path:
        """The directory of the tree during the build, for programs of the host."""

    @property
    def layout(self) -> Layout:
        """The places of everything on the disk, with all UUIDs."""

    @property
    def recipe_directory(self) -> Path:
        """The directory of the recipe, which relative names of local files start from."""

    @property
    def scratch(self) -> Path:
        """An empty directory outside the tree, the operation's own, gone after it."""

    @property
    def epoch(self) -> int:
        """SOURCE_DATE_EPOCH of this build: no time in the image is later."""

    def run(
        self,
        *command: str,
        env: Mapping[str, str] | None = None,
        stdin: bytes | str = "",
        script: bool = False,
    ) -> None:
        """Run a program of the host inside the sandbox, with ROOT set to the tree's path.

        A `script` of the recipe may mount what the tree has already, such as /dev.
        """

    def chroot(
        self,
        *command: str,
        env: Mapping[str, str] | None = None,
        stdin: bytes | str = "",
        script: bool = False,
    ) -> None:
        """Run a program of the tree in the tree, with /proc, /dev, /sys, /run and a resolver.

        In a `script` of the recipe no file gets larger than the largest filesystem of the image.
        """

    def bind(self, source: Path, target: str) -> None:
        """Let the tree's file or directory `target` be `source` until the operation ends."""

    def image(self) -> AbstractContextManager[Path]:
        """Lend a file as large as the image, with its partition table and nothing else.

        Bytes written to it, outside the table and all partitions, are copied to the image when
        that is made. Raises BuildError at the end if anything else was changed.
        """

    def read(self, path: str) -> bytes:
        """Return the content of a file. Raises FileNotFoundError."""

    def exists(self, path: str) -> bool:
        """Return whether there is anything at `path`, be it a dangling symlink."""

    def write(
        self, path: str, content: bytes | str, *, mode: int = 0o644, uid: Owner = 0, gid: Owner = 0
    ) -> None:
        """Create or replace a file; missing parents are made with mode 0755, and are root's."""

    def copy_in(
        self, source: Path, path: str, *, mode: int, uid: Owner = 0, gid: Owner = 0
    ) -> None:
        """Create or replace a file from one outside the tree."""

    def copy_tree(self, source: Path, path: str, rules: CopyRules = COPY_ALL) -> None:
        """Copy what is in a directory outside the tree into one of the tree, as `copy_tree()`."""

    def mkdir(
        self,
        path: str,
        *,
        mode: int | None = None,
        uid: Owner | None = None,
        gid: Owner | None = None,
    ) -> None:
        """Make a directory and its missing parents: root's and of mode 0755, unless given.

        One that exists is changed only in what is given.
        """

    def symlink(self, path: str, target: str) -> None:
        """Create a symlink, or replace a file or symlink by one; missing parents are made."""

    def remove(self, path: str) -> None:
        """Remove a file, if it exists; a symlink is removed itself."""

    def inside(self, function: Callable[[], _T]) -> _T:
        """Call `function` in a child process chrooted into the tree; the result is pickled."""

    def reveal(self, secret: Secret) -> bytes:
        """Return the value of a secret that a field of the operation holds, to the last byte."""

    def decide(self, fact: Fact, truth: bool) -> None:  # noqa: FBT001 (the answer itself)
        """Decide whether a fact is true."""


class PackageCache(ABC):
    """The indexes of archives and the packages that a build keeps, for apt and bootstraps."""

    @abstractmethod
    def archive(
        self, name: str, sources: str, fetch: Callable[[Path], None], *, aside: bool = False
    ) -> Path:
        """Return the index of archives: a directory with the files that apt keeps in its `lists`.

        It is the last one, if that is recent; otherwise `fetch` fills an empty directory.
        `sources` is a text with everything that the index depends on; `name` is for messages. The
        result of an operation may depend on archives only if it calls this, once, before it
        changes anything; `aside` if the result does not depend on it.
        """

    @property
    @abstractmethod
    def following(self) -> tuple[TreeOperation, ...]:
        """The operations after the one at work. They must not change what it does."""

    @abstractmethod
    def kept_packages(self, printed: str) -> AbstractContextManager[tuple[Path, list[str]]]:
        """Yield a directory with those packages that are kept, and the names of the others.

        Packages downloaded to it meanwhile are kept. `printed` as for `packages`.
        """

    @abstractmethod
    def packages(self, printed: str) -> AbstractContextManager[None]:
        """Lend apt those packages that are kept, and keep what it downloads meanwhile.

        `printed` is what apt prints with `--print-uris` and `-oAcquire::ForceHash=SHA256` of what
        it will download. Meanwhile `/var/cache/apt/archives` is not part of the tree.
        """

    @abstractmethod
    def listable(self, path: str) -> AbstractContextManager[None]:
        """Have programs of the tree see what is in a directory, which must not change meanwhile.

        Emulated ones of 32 bits may find directories of a disk empty.
        """

    @abstractmethod
    def native_hooks(self) -> tuple[str, str]:
        """Return shell commands for a tree $1 that a program of this machine fills.

        One before programs of the tree are run, and one after them. Between them, programs of this
        machine run in place of those of the tree that are emulated. Both are empty if none are.
        """

    @abstractmethod
    def set_epoch(self, epoch: int) -> None:
        """Set SOURCE_DATE_EPOCH to the date of what was installed, unless it is given already."""


def package_cache(tree: Tree) -> PackageCache:
    """Return the package cache of the build that a tree belongs to."""
    assert isinstance(tree, PackageCache)  # noqa: S101 (every build's tree is one)
    return tree


@operation
class TreeOperation(Work, ABC):
    """Changes the tree. It is skipped if the Fact `unless` turns out true."""

    root: Any
    unless: Fact | None = None

    #: Whether the tree is made to look like a running system meanwhile, with /proc, a resolver ...
    in_system: ClassVar[bool] = True
    #: Whether `apply` reads `tree.layout`: then any change of the disk's layout runs it again.
    reads_layout: ClassVar[bool] = True
    #: Whether it changes the tree; what only writes elsewhere is never skipped.
    changes_tree: ClassVar[bool] = True
    #: Whether it brings files that are there before anything changes them.
    fills_tree: ClassVar[bool] = False
    #: Whether it may install packages that it does not name, as any script may.
    installs_anything: ClassVar[bool] = True

    def owner_numbers(self) -> Iterator[tuple[str, int]]:
        """Yield the numbers of users and groups that it gives to files, each with its argument."""
        for argument in ("uid", "gid"):
            number = getattr(self, argument, None)
            if isinstance(number, int):
                yield argument, number

    def packages_named(self) -> tuple[str, ...]:
        """Return the packages that it certainly installs, without versions and architectures."""
        return ()

    def may_install(self) -> bool:
        """Return whether it may install packages that it does not name, as far as it looks so."""
        return self.installs_anything

    def packages_removed(self) -> tuple[str, ...]:
        """Return the packages that it removes."""
        return ()

    def least_content(self) -> int:
        """Return how many bytes it certainly adds to a tree that nothing is removed from."""
        return 0

    def network(self) -> str:
        """Return what it needs the network for; one that may install anything may need it."""
        return "perhaps, as it may install packages" if self.installs_anything else ""

    def adds_archive(self) -> bool:
        """Return whether packages may come from another archive than Debian's after it."""
        return False

    def suites(self) -> tuple[str, ...]:
        """Return the suites of the archives that it adds, as apt's sources name them."""
        return ()

    def may_write(self, path: str) -> bool:
        """Return whether it may make the file at an absolute path, as far as that can be known."""
        del path
        return self.installs_anything

    def files_written(self) -> tuple[str, ...]:
        """Return the absolute paths of files that it certainly writes, as far as it names them."""
        return ()

    def mode_of(self, path: str) -> int | None:
        """Return the mode that it gives to a file that it writes, as far as that is known."""
        del path
        return None

    def text_of(self, path: str) -> str | None:
        """Return the text that it writes to the file at an absolute path, if that is known."""
        del path
        return None

    def leaves_root_read_only(self) -> bool:
        """Return whether it starts a system whose root only /etc/fstab makes writable."""
        return False

    def check_layout(self, layout: Layout) -> Iterator[Problem]:
        """Report what is wrong with this operation on a disk with this layout."""
        del layout
        return iter(())

    @abstractmethod
    def apply(self, tree: Tree) -> None:
        """Do it. Called once per build, in the sandbox."""


class Image(Protocol):
    """The finished image, as an image operation sees it."""

    @property
    def tree(self) -> Tree:
        """The tree that the filesystems were made from; it can no longer be changed."""

    def write_at(self, offset: int, content: bytes, *, within: Partition | None = None) -> None:
        """Write bytes at an offset from the start of the disk, or of a partition.

        Raises BuildError if they would leave it, or if the partition table, another
        partition or bytes that were written before are in the way.
        """

    def run(
        self,
        *command: str,
        env: Mapping[str, str] | None = None,
        partitions: Sequence[Partition] = (),
        table: bool = False,
    ) -> None:
        """Run a program of the host inside the sandbox, with IMAGE and ROOT set.

        Raises BuildError if it fails, or has changed a partition that is not named,
        the partition table without `table`, what was written before, or the image's size.
        """


@operation
class ImageOperation(Work, ABC):
    """Writes to the image after its filesystems were made."""

    #: Whether others may write over its bytes: then it comes before all that do.
    writes_first: ClassVar[bool] = False

    def writes(self, layout: Layout) -> tuple[Span, ...]:
        """Return which bytes of the disk it writes, as far as that is known before the build."""
        del layout
        return ()

    @abstractmethod
    def apply(self, image: Image) -> None:
        """Do it. Called once per build, in the sandbox."""


def finds_mount_points(operation: Operation) -> bool:
    """Return whether it changes a system that is there: then all mount points are in the tree."""
    if not isinstance(operation, TreeOperation):
        return False
    return operation.changes_tree and isinstance(operation.root, RootFs)
