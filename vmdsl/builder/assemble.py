"""From the tree to the image: each filesystem into its place.

Nothing is mounted from the image: each tool writes at an offset of the file.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from vmdsl.builder.filesystems.kinds import KINDS
from vmdsl.builder.filesystems.least_size import least_size
from vmdsl.builder.filesystems.room import Room, fits_easily, shortage
from vmdsl.builder.filesystems.swap import make_swap
from vmdsl.builder.filesystems.target import Target
from vmdsl.builder.job import Job
from vmdsl.builder.tree.tree import BuildTree
from vmdsl.errors import Problem
from vmdsl.language.layout import FilesystemLayout, MountLayout
from vmdsl.operations.disk.swap import Swap


class Assembler:
    """Makes the filesystems of one image from a tree that no longer changes."""

    def __init__(self, job: Job, tree: BuildTree) -> None:
        self._job = job
        self._tree = tree
        self._places = self._find_places()

    def shortage(self, filesystem: FilesystemLayout) -> Problem | None:
        """What to say where a filesystem is certainly too small for its content."""
        kind = KINDS.get(type(filesystem.filesystem))
        with self._content(filesystem) as content:
            if kind is None or content is None:
                return None
            return shortage(kind, self._target(filesystem), content)

    def likely_shortage(self, filesystem: FilesystemLayout) -> Problem | None:
        """The same, but where there is room in plenty, nothing is tried: that takes time."""
        with self._content(filesystem) as content:
            if content is None or fits_easily(content, filesystem.partition.size):
                return None
        return self.shortage(filesystem)

    def least_size(self, filesystem: FilesystemLayout, *, free: int) -> int:
        """The least size at which a filesystem holds its content and has `free` bytes more."""
        kind = KINDS[type(filesystem.filesystem)]
        with self._content(filesystem) as content:
            return least_size(kind, self._target(filesystem), content, free=free)

    def make(self, filesystem: FilesystemLayout) -> Room | None:
        """Make one filesystem, with the part of the tree that it is mounted at, if it is.

        The room that it then has; swap has none.
        """
        target = self._target(filesystem)
        if isinstance(filesystem.filesystem, Swap):
            make_swap(target)
            return None
        with self._content(filesystem) as content:
            return KINDS[type(filesystem.filesystem)].make(target, content)

    def _target(self, filesystem: FilesystemLayout) -> Target:
        return Target(
            filesystem=filesystem, image=self._job.image, tree=self._tree, log=self._job.log
        )

    @contextmanager
    def _content(self, filesystem: FilesystemLayout) -> Iterator[Path | None]:
        """The part of the tree that a filesystem is mounted at, if it is, as a directory.

        What is mounted for that is in the scratch directory.
        """
        mount = next((m for m in self._tree.layout.mounts if m.filesystem is filesystem), None)
        if mount is None:
            yield None
            return
        view = self._tree.scratch / "view"
        view.mkdir(exist_ok=True)
        self._show(mount, view)
        try:
            yield view
        finally:
            self._tree.run("umount", "--recursive", str(view))

    def _find_places(self) -> dict[PurePosixPath, PurePosixPath]:
        """Where each mount point really is in the tree, which may reach it by a symlink."""
        paths = [mount.path for mount in self._tree.layout.mounts]
        real = self._tree.inside(lambda: [os.path.realpath(path, strict=True) for path in paths])
        return dict(zip(paths, map(PurePosixPath, real), strict=True))

    def _show(self, mount: MountLayout, view: Path) -> None:
        """Make the view the part of the tree that belongs to one filesystem alone."""
        place = self._places[mount.path]
        source = self._tree.path / place.relative_to("/")
        self._tree.run("mount", "--bind", str(source), str(view))
        for other in sorted(self._places.values()):
            if other != place and other.is_relative_to(place):
                inside = view / other.relative_to(place)
                if inside.is_dir():  # no longer, if a cover hides it
                    cover = self._cover_for(inside)
                    self._tree.run("mount", "--bind", str(cover), str(inside))

    def _cover_for(self, place: Path) -> Path:
        """An empty directory that is like a mount point in all else."""
        cover = Path(tempfile.mkdtemp(prefix="cover-", dir=self._job.workspace))
        about = place.stat()
        os.chown(cover, about.st_uid, about.st_gid)
        shutil.copystat(place, cover)
        return cover
