"""From the tree to the image: the partition table, then each filesystem into its place.

Nothing is mounted from the image: each tool writes at an offset of the file.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from vmdsl import programs
from vmdsl.build.growth import least_size
from vmdsl.build.job import Job
from vmdsl.build.kinds import KINDS
from vmdsl.build.room import Room, fits_easily, shortage
from vmdsl.build.swap import make_swap
from vmdsl.build.tools import Target
from vmdsl.build.tree import BuildTree
from vmdsl.errors import BuildError, Problem
from vmdsl.language.handles import Gpt, Partition, Swap
from vmdsl.language.layout import SECTOR, FilesystemLayout, Layout, MountLayout
from vmdsl.language.partition_types import GPT_FLAGS

_FIRST_LBA = 2048  # what sfdisk takes, if it isn't told


def write_table(job: Job, tree: BuildTree) -> None:
    """Give the image its size and its partition table."""
    os.ftruncate(job.image, 0)
    os.ftruncate(job.image, tree.layout.size)
    if tree.layout.table is None:
        return
    done = programs.run(
        ["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", f"/proc/self/fd/{job.image}"],
        output=job.log,
        stdin=table_script(tree.layout).encode(),
        pass_fds=[job.image],
        env=programs.environment({"SOURCE_DATE_EPOCH": str(tree.epoch)}),
    )
    if not done.ok:
        raise BuildError(Problem(what=f"sfdisk failed with exit code {done.code}; see the log"))


def table_script(layout: Layout) -> str:
    """The partition table as sfdisk reads it, with every id given."""
    is_gpt = isinstance(layout.table, Gpt)
    lines = [f"label: {'gpt' if is_gpt else 'dos'}", f"label-id: {layout.label_id}"]
    first = min((place.start // SECTOR for place in layout.partitions), default=_FIRST_LBA)
    if is_gpt and first < _FIRST_LBA:
        lines.append(f"first-lba: {first}")
    lines.append("")
    for place in layout.partitions:
        fields = [
            f"start={place.start // SECTOR}",
            f"size={place.size // SECTOR}",
            f"type={place.type_code}",
        ]
        if is_gpt:
            fields += [f"uuid={place.uuid}", *_gpt_fields(place.partition)]
        elif "boot" in place.partition.flags:
            fields.append("bootable")
        lines.append(", ".join(fields))
    return "\n".join(lines) + "\n"


def _gpt_fields(partition: Partition) -> list[str]:
    fields = []
    if partition.label:
        escaped = partition.label.replace("\\", "\\x5c").replace('"', "\\x22")
        fields.append(f'name="{escaped}"')
    if partition.flags:
        attributes = " ".join(_attribute(flag) for flag in partition.flags)
        fields.append(f'attrs="{attributes}"')
    return fields


def _attribute(flag: str | int) -> str:
    return f"GUID:{flag}" if isinstance(flag, int) else GPT_FLAGS[flag]


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
