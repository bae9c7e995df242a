"""Layers: what each operation changed, stacked by overlayfs to the tree."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from vmdsl.builder.image.allocation import BLOCK, restore_holes, write_what_is_reserved
from vmdsl.builder.sandbox.mounts import mount, unmount
from vmdsl.builder.tree.lent_files import StandIn, take_out
from vmdsl.errors import BuildError, Problem

#: Directories whose times depend on what was downloaded, not on what was installed.
_VOLATILE = ("var/cache/apt", "var/lib/apt", "var/log")


class Stopped(Exception):  # noqa: N818 (nothing is wrong)
    """Ends an operation whose layer is there already."""


class Layers:
    """The layers of one build in `directory`, and the place where their sum is seen."""

    def __init__(self, directory: Path, tree: Path) -> None:
        self._directory = directory
        self._tree = tree
        self._names: list[str] = []
        self._written = 0
        directory.mkdir()
        tree.mkdir()
        (directory / "empty").mkdir()

    @property
    def count(self) -> int:
        """The number of layers."""
        return len(self._names)

    @property
    def lower(self) -> list[Path]:
        """All layers, the newest first."""
        return [self._directory / name for name in reversed(self._names)]

    def add(self, layer: Path) -> None:
        """Put a layer on top. Its name is short, as mount takes few letters for all of them."""
        name = f"{self.count:03}"
        (self._directory / name).symlink_to(layer)
        self._names.append(name)

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """Mount the tree so that changes go to a new directory, which can become a layer then."""
        self._written += 1
        name = f"{self._written:03}"
        part, work = self._directory / f"{name}.part", self._directory / f"{name}.work"
        part.mkdir(mode=0o755)
        if self._names:
            _copy_root(self._directory / self._names[-1], part)
        work.mkdir()
        # volatile: what waits for the disk, as dpkg does for each package, doesn't wait.
        self._mount(f"{self._lower()},upperdir={part.name},workdir={work.name},volatile")
        try:
            yield part
        except Stopped:
            unmount(self._tree, lazy=True)
            return
        unmount(self._tree)
        shutil.rmtree(work)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Mount the sum of all layers, which nothing can change."""
        self._mount(self._lower())
        yield
        unmount(self._tree)

    def _lower(self) -> str:
        # overlayfs wants two layers to read, and one to write upon
        return "lowerdir=" + ":".join([*reversed(self._names), "empty"])

    def _mount(self, options: str) -> None:
        # The kernel takes 4 KiB of options: the names in them are short, and start here.
        here = os.open(".", os.O_PATH)
        os.chdir(self._directory)
        try:
            mount("overlay", self._tree, "overlay", options=f"userxattr,{options}")
        except OSError as error:
            raise BuildError(
                Problem(
                    what=f"the layers in {self._directory} cannot be mounted: {error.strerror}",
                    hint="vmdsl doctor checks this directory's filesystem",
                    code="cache",
                )
            ) from None
        finally:
            os.fchdir(here)
            os.close(here)


def _copy_root(before: Path, layer: Path) -> None:
    """Give a new layer's top the owner, mode and attributes that the tree's root has."""
    about = before.stat()
    os.chown(layer, about.st_uid, about.st_gid)
    layer.chmod(stat.S_IMODE(about.st_mode))
    for name in os.listxattr(before):
        if not name.startswith("user.overlay."):
            os.setxattr(layer, name, os.getxattr(before, name))
    os.utime(layer, ns=(about.st_mtime_ns, about.st_mtime_ns))


def _may_have_reserved(about: os.stat_result) -> bool:
    return about.st_size > BLOCK and not about.st_mode & (stat.S_ISUID | stat.S_ISGID)


def _below(path: str, layer: Path, lower: Sequence[Path]) -> str | None:
    """Return the file that overlayfs has copied to a path of a layer, if it has."""
    if "user.overlay.origin" not in os.listxattr(path):
        return None
    inside = os.path.relpath(path, layer)
    found = (one / inside for one in lower)
    return next((str(one) for one in found if one.is_file() and not one.is_symlink()), None)


def seal(
    layer: Path,
    epoch: int,
    stand_ins: Sequence[StandIn] = (),
    lower: Sequence[Path] = (),
    *,
    keep_reserved: bool = False,
) -> int:
    """Set the times of all that is in a layer: none is later than `epoch`, none is of chance.

    Copies of stand-ins are taken out, and parts of files that are only reserved become zeros,
    unless they are kept as they are. Files that overlayfs has copied from the `lower` layers, the
    newest first, get their holes again. Returns its size on the disk, in bytes.
    """
    blocks = 0
    pending = [layer]
    volatile = [layer / name for name in _VOLATILE]
    while pending:
        directory = pending.pop()
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(Path(entry.path))
                    continue
                about = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(about.st_mode):
                    if take_out(entry.path, about.st_size, stand_ins):
                        continue
                    if about.st_blocks and not keep_reserved and _may_have_reserved(about):
                        if before := _below(entry.path, layer, lower):
                            restore_holes(entry.path, before)
                        write_what_is_reserved(entry.path)
                blocks += about.st_blocks
                if about.st_mtime_ns > epoch * 10**9:
                    os.utime(entry.path, (epoch, epoch), follow_symlinks=False)
        by_chance = any(directory.is_relative_to(place) for place in volatile)
        about = directory.stat()
        blocks += about.st_blocks
        if by_chance or about.st_mtime_ns > epoch * 10**9:
            os.utime(directory, (epoch, epoch))
    return blocks * 512
