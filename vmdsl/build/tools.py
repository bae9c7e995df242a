"""Running the tools that make filesystems in the image."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vmdsl import programs
from vmdsl.build.sparse import copy_data
from vmdsl.build.tree import BuildTree
from vmdsl.errors import BuildError
from vmdsl.language.layout import FilesystemLayout
from vmdsl.values import Size

#: What the tools say when the filesystem that they make is full.
_NO_ROOM = ("Could not allocate block", "Ext2 file too big", "Disk full", "No directory slots")
_NO_INODE = "Could not allocate inode"
_LARGER = "make the partition, or the image, larger"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A filesystem that is to be made: what, and in which open file."""

    filesystem: FilesystemLayout
    image: int
    tree: BuildTree
    log: int

    @property
    def path(self) -> str:
        """The image's name for programs; it has no other yet."""
        return f"/proc/self/fd/{self.image}"

    @property
    def offset(self) -> int:
        """Where in the image the filesystem starts, in bytes."""
        return self.filesystem.partition.start

    @property
    def size(self) -> int:
        """How large it is, in bytes."""
        return self.filesystem.partition.size

    def blank_file(self) -> Path:
        """A sparse file of the filesystem's size, for tools that can't write at an offset."""
        file = self.tree.scratch / "filesystem"
        with file.open("wb") as stream:
            stream.truncate(self.size)
        file.chmod(0o600)
        return file

    def place(self, file: Path) -> None:
        """Put what `blank_file` has become into the image; holes stay holes."""
        with file.open("rb") as stream:
            copy_data(stream.fileno(), self.image, size=self.size, offset=self.offset)
        file.unlink()

    def run(
        self,
        *argv: str,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
        content: Path | None = None,
    ) -> str:
        """Run a tool; `content` is what a failure to find room is explained with."""
        known = {"SOURCE_DATE_EPOCH": str(self.tree.epoch), "TZ": "UTC", "LC_ALL": "C.UTF-8"}
        os.write(self.log, b"+ " + os.fsencode(" ".join(argv[:12])) + b"\n")
        done = programs.run(
            argv,
            env=programs.environment({**known, **(env or {})}),
            stdin=stdin.encode(),
            pass_fds=[self.image],
        )
        os.write(self.log, done.output.encode())
        if not done.ok:
            raise self._failed(argv[0], done, content)
        return done.output

    def _failed(self, tool: str, done: programs.Finished, content: Path | None) -> BuildError:
        filesystem = self.filesystem.filesystem
        takes, files = used(content) if content else (0, 0)
        if _NO_INODE in done.output:
            what = f"its content is {files} files, more than a filesystem of {Size(self.size)} has"
            return BuildError(filesystem.problem(what, _LARGER))
        if any(text in done.output for text in _NO_ROOM) or takes > self.size:
            what = f"its content takes {_rounded(takes)} and the partition has {Size(self.size)}"
            return BuildError(filesystem.problem(what, _LARGER))
        lines = done.output.strip().splitlines()[-10:]
        return BuildError(
            filesystem.problem(f"{tool} failed (exit code {done.code})", "\n".join(lines))
        )


def used(directory: Path) -> tuple[int, int]:
    """About how many bytes the content of a directory takes in a filesystem, and its files."""
    seen: dict[tuple[int, int], int] = {}
    for _, folders, files, at in os.fwalk(directory):
        for name in [*folders, *files]:
            about = os.lstat(name, dir_fd=at)
            seen[about.st_dev, about.st_ino] = max(about.st_blocks * 512, 256)
    return sum(seen.values()), len(seen)


def _rounded(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
