"""Layers: what each operation changed, stacked by overlayfs to the tree.

A layer is written under a temporary name and renamed when it is whole and its times are set.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vmdsl import programs
from vmdsl.errors import BuildError, Problem

#: Directories whose times depend on what was downloaded, not on what was installed.
_VOLATILE = ("var/cache/apt", "var/lib/apt", "var/log")


class Layers:
    """The layers of one build in `directory`, and the place where their sum is seen."""

    def __init__(self, directory: Path, tree: Path, log: int) -> None:
        self._directory = directory
        self._tree = tree
        self._log = log
        self._names: list[str] = []
        directory.mkdir()
        tree.mkdir()
        (directory / "empty").mkdir()

    @property
    def count(self) -> int:
        """How many layers there are."""
        return len(self._names)

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """Mount the tree so that changes go to a new layer, which is kept if nothing fails."""
        name = f"{self.count:03}"
        part, work = self._directory / f"{name}.part", self._directory / f"{name}.work"
        part.mkdir(mode=0o755)
        if self._names:
            _copy_root(self._directory / self._names[-1], part)
            work.mkdir()
            self._mount(f"{self._lower()},upperdir={part.name},workdir={work.name},volatile")
        else:
            self._run("mount", "--bind", str(part), str(self._tree))
        yield part
        self._run("umount", str(self._tree))
        if work.exists():
            self._run("rm", "-rf", str(work))
        part.rename(self._directory / name)
        self._names.append(name)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Mount the sum of all layers, which nothing can change."""
        self._mount(f"{self._lower()}:empty")  # overlayfs wants two layers at least
        yield
        self._run("umount", str(self._tree))

    def _lower(self) -> str:
        return "lowerdir=" + ":".join(reversed(self._names))

    def _mount(self, options: str) -> None:
        # mount(2) takes 4 KiB of options; the newer call takes 256 bytes, which layers exceed.
        self._run(
            "mount",
            "-t",
            "overlay",
            "overlay",
            "-o",
            f"userxattr,{options}",
            str(self._tree),
            LIBMOUNT_FORCE_MOUNT2="always",
        )

    def _run(self, *argv: str, **env: str) -> None:
        done = programs.run(
            argv, output=self._log, env=programs.environment(env), cwd=self._directory
        )
        if not done.ok:
            raise BuildError(
                Problem(
                    what=f"the layers in {self._directory} cannot be worked on: {' '.join(argv)}",
                    hint="the log has the reason; vmdsl doctor checks this directory's filesystem",
                )
            )


def _copy_root(before: Path, layer: Path) -> None:
    """Give a new layer's top the owner, mode and attributes that the tree's root has."""
    about = before.stat()
    os.chown(layer, about.st_uid, about.st_gid)
    layer.chmod(stat.S_IMODE(about.st_mode))
    for name in os.listxattr(before):
        if not name.startswith("user.overlay."):
            os.setxattr(layer, name, os.getxattr(before, name))
    os.utime(layer, ns=(about.st_mtime_ns, about.st_mtime_ns))


def seal(layer: Path, epoch: int) -> None:
    """Set the times of all that is in a layer: none is later than `epoch`, none is of chance."""
    pending = [layer]
    volatile = [layer / name for name in _VOLATILE]
    while pending:
        directory = pending.pop()
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(Path(entry.path))
                elif entry.stat(follow_symlinks=False).st_mtime_ns > epoch * 10**9:
                    os.utime(entry.path, (epoch, epoch), follow_symlinks=False)
        by_chance = any(directory.is_relative_to(place) for place in volatile)
        if by_chance or directory.stat().st_mtime_ns > epoch * 10**9:
            os.utime(directory, (epoch, epoch))
