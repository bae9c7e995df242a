"""From the tree to the image: the partition table, then each filesystem into its place.

Nothing is mounted from the image: each tool writes at an offset of the file.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from vmdsl import programs
from vmdsl.build.ext import make_ext
from vmdsl.build.fat import make_fat
from vmdsl.build.job import Job
from vmdsl.build.swap import make_swap
from vmdsl.build.tools import Target
from vmdsl.build.tree import BuildTree
from vmdsl.errors import BuildError, Problem
from vmdsl.language.handles import Gpt, Mountable, Partition, Swap, Vfat
from vmdsl.language.layout import SECTOR, FilesystemLayout, Layout, MountLayout

_GPT_ATTRIBUTES = {
    "required": "RequiredPartition",
    "legacy-boot": "LegacyBIOSBootable",
    "no-automount": "GUID:63",
    "read-only": "GUID:60",
}


def write_table(job: Job, tree: BuildTree) -> None:
    """Give the image its size and its partition table."""
    os.ftruncate(job.image, job.layout.disk.size.bytes)
    if job.layout.table is None:
        return
    done = programs.run(
        ["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", f"/proc/self/fd/{job.image}"],
        output=job.log,
        stdin=table_script(job.layout).encode(),
        pass_fds=[job.image],
        env=programs.environment({"SOURCE_DATE_EPOCH": str(tree.epoch)}),
    )
    if not done.ok:
        raise BuildError(Problem(what=f"sfdisk failed with exit code {done.code}; see the log"))


def table_script(layout: Layout) -> str:
    """The partition table as sfdisk reads it, with every id given."""
    is_gpt = isinstance(layout.table, Gpt)
    lines = [f"label: {'gpt' if is_gpt else 'dos'}", f"label-id: {layout.label_id}", ""]
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
        escaped = partition.label.replace("\\", "\\\\").replace('"', "\\x22")
        fields.append(f'name="{escaped}"')
    if partition.flags:
        attributes = " ".join(_GPT_ATTRIBUTES[flag] for flag in partition.flags)
        fields.append(f'attrs="{attributes}"')
    return fields


class Assembler:
    """Makes the filesystems of one image from a tree that no longer changes."""

    def __init__(self, job: Job, tree: BuildTree) -> None:
        self._job = job
        self._tree = tree
        self._view = job.workspace / "view"
        self._view.mkdir()

    def make(self, filesystem: FilesystemLayout) -> None:
        """Make one filesystem, with the part of the tree that it is mounted at, if it is."""
        target = Target(
            filesystem=filesystem, image=self._job.image, tree=self._tree, log=self._job.log
        )
        if isinstance(filesystem.filesystem, Swap):
            make_swap(target)
            return
        mounts = [m for m in self._tree.layout.mounts if m.filesystem is filesystem]
        make = make_fat if isinstance(filesystem.filesystem, Vfat) else make_ext
        if not isinstance(filesystem.filesystem, Mountable) or not mounts:
            make(target, None)
            return
        self._show(mounts[0])
        make(target, self._view)
        self._tree.run("umount", "--recursive", str(self._view))

    def _show(self, mount: MountLayout) -> None:
        """Make the view the part of the tree that belongs to one filesystem alone."""
        source = f"{self._tree.path}{self._tree.inside(lambda: os.path.realpath(mount.path))}"
        self._tree.run("mount", "--bind", source, str(self._view))
        for below in self._tree.layout.below(mount):
            inside = self._view / below.path.relative_to(mount.path)
            if inside.is_dir():
                about = inside.stat()
                cover = self._cover(about)
                self._tree.run("mount", "--bind", str(cover), str(inside))

    def _cover(self, about: os.stat_result) -> Path:
        """An empty directory with the owner, mode and time of a mount point."""
        cover = self._job.workspace / "cover"
        if not cover.exists():
            cover.mkdir()
        os.chown(cover, about.st_uid, about.st_gid)
        cover.chmod(stat.S_IMODE(about.st_mode))
        os.utime(cover, ns=(about.st_mtime_ns, about.st_mtime_ns))
        return cover
