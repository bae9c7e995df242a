"""From the tree to the image: each filesystem into its place.

Nothing is mounted from the image: each tool writes at an offset of the file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import TypeVar

from vmdsl import programs
from vmdsl.builder.events import Events, placing
from vmdsl.builder.filesystems.contents import read
from vmdsl.builder.filesystems.kinds import Kind, Room
from vmdsl.builder.filesystems.room import fits_easily, least_size, shortage
from vmdsl.builder.filesystems.target import Target
from vmdsl.builder.finish import FinishedImage
from vmdsl.builder.image.sparse import pieces
from vmdsl.builder.image.table import write_table
from vmdsl.builder.job import Job
from vmdsl.builder.report.progress import encrypted_line
from vmdsl.builder.sandbox.children import end_everything, side_by_side
from vmdsl.builder.tree.tree import BuildTree
from vmdsl.builder.volumes.devices import Devices
from vmdsl.builder.volumes.encryption import new_key
from vmdsl.builder.volumes.luks import write_header
from vmdsl.builder.volumes.lvm import write_group
from vmdsl.errors import BuildError, Problem
from vmdsl.language.effects import ImageOperation
from vmdsl.language.handles import Filesystem, luks_below
from vmdsl.language.layout import FilesystemLayout, MountLayout, Span, device_name
from vmdsl.plan.extents import round_up_to_mib
from vmdsl.plan.lay_out import with_size

_T = TypeVar("_T")
_PIECE = 2**20


@dataclass(frozen=True, kw_only=True)
class Made:
    """A filesystem that was made: the room that is left in it.

    `checksum` is that of its content if it was encrypted, or empty.
    """

    room: Room
    checksum: str = ""


def content_checksum(file: int, used: Iterable[tuple[int, int]]) -> str:
    """Return the SHA-256 of those bytes of a file that are used, each piece with its place.

    Holes and as many zeros are alike.
    """
    sums = hashlib.sha256()
    for start, end in used:
        for position, piece in pieces(file, start, end, _PIECE):
            sums.update(f"{position} {len(piece)}\n".encode())
            sums.update(piece)
    return sums.hexdigest()


def kind_of(filesystem: Filesystem) -> Kind:
    """Return the kind of a filesystem, from the module of its name."""
    name = type(filesystem).__module__.rpartition(".")[2]
    kind: Kind = import_module(f"vmdsl.builder.filesystems.{name}").KIND
    return kind


class Assembler:
    """Makes the filesystems of one image from a tree that no longer changes."""

    def __init__(self, job: Job, tree: BuildTree, events: Events) -> None:
        self._job = job
        self._tree = tree
        self._events = events
        self._places = self._find_places()
        keys = {place.uuid: new_key() for place in tree.layout.luks}
        self._devices = Devices(image=job.image, keys=keys)
        #: The checksums of what was encrypted, by names of filesystems.
        self.encrypted: dict[str, str] = {}

    def run(self) -> None:
        """Write the partition table and all filesystems, and apply the operations on the image.

        Then convert it, if the output is to have another format.
        """
        self._measure(self._likely_shortage)
        try:
            self._make_all()
        except BuildError:
            self._measure(self._shortage)  # it may have been likely to fit, and did not
            raise
        operations = self._job.image_operations
        for operation in (o for o in operations if o.writes_first):
            self._apply(operation, [])
        written = self._tree.decoys.copy_to(self._job.image)
        for operation in (o for o in operations if not o.writes_first):
            self._apply(operation, written)
        if self._job.convert:
            self._events.phase("conversion")
            files = (
                f"/proc/{os.getpid()}/fd/{file}" for file in (self._job.image, self._job.output)
            )
            self._tree.run(*self._job.convert, *files)

    def _apply(self, operation: ImageOperation, written: list[Span]) -> None:
        with self._events.working(operation), self._tree.own_scratch():
            operation.apply(FinishedImage(self._job.image, self._tree, written, operation))
            end_everything()

    def _make_all(self) -> None:
        """Make the partition table and the filesystems."""
        self._events.started("", "write the partition table")
        grown = self._grow_image() if self._tree.layout.open else None
        if grown is None:
            self._write_table()
        filesystems = self._tree.layout.filesystems
        others = [f for f in filesystems if f.filesystem is not grown]
        self._write_devices()
        made = self._side_by_side(others, self._make)
        for filesystem in filesystems:
            with self._events.working(filesystem.filesystem):
                if filesystem.filesystem is not grown:
                    self._note(filesystem, next(made))

    def _note(self, filesystem: FilesystemLayout, made: Made) -> None:
        """Note the checksum of what was encrypted, also in the log."""
        if made.checksum:
            name = f"{filesystem.filesystem.kind} on {device_name(filesystem.device)}"
            self.encrypted[name] = made.checksum
            with suppress(OSError):  # the log's disk is full, which something else will report
                os.write(self._job.log, f"{encrypted_line(name, made.checksum)}\n".encode())

    def _write_table(self) -> None:
        job, tree = self._job, self._tree
        write_table(job.image, tree.layout, epoch=tree.epoch, log=job.log)

    def _write_devices(self) -> None:
        """Write the headers of encrypted devices, and of volume groups to what they consist of."""
        layout, job = self._tree.layout, self._job
        for luks in layout.luks:
            with self._events.working(luks.luks):
                write_header(
                    luks,
                    self._devices.of(luks.device),
                    self._devices.keys[luks.uuid],
                    job.secrets,
                    folder=job.workspace,
                    log=job.log,
                )
        for group in layout.groups:
            with self._events.working(group.group):
                volumes = [v for v in layout.volumes if v.group is group]
                devices = list(map(self._devices.of, group.devices))
                write_group(group, volumes, devices, epoch=self._tree.epoch)

    def _measure(self, shortage: Callable[[FilesystemLayout], Problem | None]) -> None:
        """Raise BuildError, with all figures, where filesystems are too small for their content."""
        layout = self._tree.layout
        known = [f for f in layout.filesystems if not layout.is_open(f.device)]
        short = self._side_by_side(known, shortage)
        if problems := [problem for problem in short if problem is not None]:
            raise BuildError(*problems)

    def _side_by_side(
        self, filesystems: Sequence[FilesystemLayout], work: Callable[[FilesystemLayout], _T]
    ) -> Iterator[_T]:
        """Do some work for each filesystem, in children. Yields the results in order."""
        for result, ran in side_by_side([partial(self._in_child, work, f) for f in filesystems]):
            for program in ran:
                self._events.ran(program)
            yield result

    def _in_child(
        self, work: Callable[[FilesystemLayout], _T], filesystem: FilesystemLayout
    ) -> tuple[_T, list[programs.Finished]]:
        """Do some work in a child process, which has a scratch directory of its own."""
        ran: list[programs.Finished] = []
        programs.observers[:] = [lambda done: ran.append(replace(done, output=""))]
        self._tree.scratch = Path(tempfile.mkdtemp(dir=self._job.workspace)) / "scratch"
        with placing(filesystem.filesystem), self._tree.own_scratch():
            return work(filesystem), ran

    def _grow_image(self) -> Filesystem:
        """Make the image as large as its content needs, and the filesystem that grows in it.

        Its size was found by counting: if it then has less room than was asked for, it grows on.
        """
        layout = self._tree.layout
        (open_,) = [f for f in layout.filesystems if layout.is_open(f.device)]
        free = layout.disk.free.bytes if layout.disk.free else 0
        with placing(open_.filesystem), self._tree.own_scratch():
            size = self._least_size(open_, free=free)
        while True:
            self._tree.layout, problems = with_size(layout, size)
            if problems:
                raise BuildError(*problems)
            self._write_table()
            with placing(open_.filesystem), self._tree.own_scratch():
                found = self._tree.layout.filesystems
                made = self._make(next(f for f in found if f.filesystem is open_.filesystem))
            if made.room.available >= free:
                self._note(open_, made)
                return open_.filesystem
            size += round_up_to_mib(free - made.room.available)

    def _shortage(self, filesystem: FilesystemLayout) -> Problem | None:
        """Return the problem of a filesystem that is certainly too small for its content."""
        with self._content(filesystem) as content:
            if content is None:
                return None
            kind = kind_of(filesystem.filesystem)
            return shortage(kind, self._target(filesystem), content)

    def _likely_shortage(self, filesystem: FilesystemLayout) -> Problem | None:
        """Return the problem of a filesystem that is too small, unless there is plenty of room.

        To try whether the content fits takes time.
        """
        with self._content(filesystem) as content:
            if content is None or fits_easily(read(content), filesystem.device.size):
                return None
        return self._shortage(filesystem)

    def _least_size(self, filesystem: FilesystemLayout, *, free: int) -> int:
        """Return the smallest size at which a filesystem has its content and `free` bytes more."""
        kind = kind_of(filesystem.filesystem)
        with self._content(filesystem) as content:
            return least_size(kind, self._target(filesystem), content, free=free)

    def _make(self, filesystem: FilesystemLayout) -> Made:
        """Make one filesystem, with the part of the tree that is mounted there, if there is one."""
        device = self._devices.of(filesystem.device)
        kind = kind_of(filesystem.filesystem)
        with self._content(filesystem) as content:
            target = self._target(filesystem)
            if device.offset is not None:
                return Made(room=kind.make(replace(target, offset=device.offset), content))
            with tempfile.TemporaryFile(dir=self._job.workspace) as file:
                file.truncate(target.size)
                target = replace(target, image=file.fileno())
                room = kind.make(target, content)
                used = list(kind.used(target))
                for start, end in used:
                    device.copy(file.fileno(), start, end, start)
                is_encrypted = any(luks_below(filesystem.filesystem.device))
                checksum = content_checksum(file.fileno(), used) if is_encrypted else ""
                return Made(room=room, checksum=checksum)

    def _target(self, filesystem: FilesystemLayout) -> Target:
        """Return a filesystem to make; where its first byte is, `_make` alone needs to know."""
        return Target(
            filesystem=filesystem,
            image=self._job.image,
            offset=0,
            size=filesystem.device.size,
            tree=self._tree,
            log=self._job.log,
        )

    @contextmanager
    def _content(self, filesystem: FilesystemLayout) -> Iterator[Path | None]:
        """Show the part of the tree that a filesystem is mounted at, if it is, as a directory.

        Yields the directory, or None where the filesystem is not mounted in the tree. Of one with
        subvolumes, it has a directory for each that is mounted, 1 and so on; 0 is the top level.
        """
        mounts = [m for m in self._tree.layout.mounts if m.filesystem is filesystem]
        if not mounts:
            yield None
            return
        view = self._tree.scratch / "view"
        view.mkdir(exist_ok=True)
        numbers = {id(one): n for n, one in enumerate(filesystem.subvolumes, 1)}
        with ExitStack() as shown:
            for mount in mounts:
                place = view
                if numbers:
                    place = view / str(numbers.get(id(mount.mounted.source), 0))
                    place.mkdir()
                    shown.callback(place.rmdir)
                self._show(mount, place)
                shown.callback(self._tree.run, "umount", "--recursive", str(place))
            yield view

    def _find_places(self) -> dict[PurePosixPath, PurePosixPath]:
        """Return where each mount point really is in the tree, which may reach it by a symlink."""
        paths = [mount.path for mount in self._tree.layout.mounts]
        real = self._tree.inside(lambda: [os.path.realpath(path, strict=True) for path in paths])
        return dict(zip(paths, map(PurePosixPath, real), strict=True))

    def _show(self, mount: MountLayout, view: Path) -> None:
        """Make `view` show the part of the tree that belongs to one filesystem, and no other."""
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
        """Make an empty directory with owner, mode and times of a mount point."""
        cover = Path(tempfile.mkdtemp(prefix="cover-", dir=self._job.workspace))
        about = place.stat()
        os.chown(cover, about.st_uid, about.st_gid)
        shutil.copystat(place, cover)
        return cover
