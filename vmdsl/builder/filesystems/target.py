"""Running the tools that make filesystems in the image."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vmdsl import programs
from vmdsl.builder.image.sparse import copy_data
from vmdsl.builder.tree.tree import BuildTree
from vmdsl.errors import BuildError
from vmdsl.host.full import has_little, says_full
from vmdsl.language.handles import traits_of
from vmdsl.language.layout import FilesystemLayout
from vmdsl.language.operation import problem_in
from vmdsl.values import Size

#: What any tool may print when the filesystem that it makes is full.
_NO_SPACE = "No space left on device"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A filesystem to make, and the open file to make it in: `size` bytes from `offset` on.

    That is the image, or another file if the device's bytes aren't in one piece there.
    """

    filesystem: FilesystemLayout
    image: int
    offset: int
    size: int
    tree: BuildTree
    log: int

    @property
    def path(self) -> str:
        """The path of the file for programs; it has no other yet."""
        return f"/proc/self/fd/{self.image}"

    def blank_file(self) -> Path:
        """Make a sparse file of the filesystem's size, for tools that can't write at an offset."""
        file = self.tree.scratch / "filesystem"
        with file.open("wb") as stream:
            stream.truncate(self.size)
        file.chmod(0o600)
        return file

    def place(self, file: Path) -> None:
        """Copy a file made by `blank_file` into the image, and remove it. Holes stay holes."""
        with file.open("rb") as stream:
            copy_data(stream.fileno(), self.image, size=self.size, offset=self.offset)
        file.unlink()

    def run(
        self,
        *argv: str,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
        logged: bool = True,
    ) -> str:
        """Run a tool and return its output, which goes to the log too if it is to be `logged`."""
        known = {"SOURCE_DATE_EPOCH": str(self.tree.epoch), "TZ": "UTC", "LC_ALL": "C.UTF-8"}
        os.write(self.log, b"+ " + os.fsencode(" ".join(argv[:12])) + b"\n")
        done = programs.run(
            argv,
            env=programs.environment({**known, **(env or {})}),
            stdin=stdin.encode(),
            pass_fds=[self.image],
        )
        if logged:
            os.write(self.log, done.output.encode())
        if not done.ok:
            raise self._failed(argv[0], done)
        return done.output

    def full(self) -> BuildError:
        """Return the error for content that turns out not to fit."""
        filesystem = self.filesystem.filesystem
        what = f"its content does not fit into {filesystem.kind} of {Size(self.size)}"
        return BuildError(
            problem_in(filesystem, what, "make its device, or the image, larger", code="no-room")
        )

    def _disk_is_full(self, said: str) -> bool:
        """Return whether it is a disk of this machine that is full, and not the filesystem."""
        scratch = os.open(self.tree.scratch, os.O_RDONLY | os.O_CLOEXEC)
        try:
            little = has_little(self.image) or has_little(scratch)
        finally:
            os.close(scratch)
        return little or _NO_SPACE not in said  # a quota

    def _failed(self, tool: str, done: programs.Finished) -> BuildError:
        filesystem = self.filesystem.filesystem
        if says_full(done.output) and self._disk_is_full(done.output):
            return BuildError(
                problem_in(filesystem, f"{tool}: {os.strerror(errno.ENOSPC)}", code="no-room")
            )
        if any(text in done.output for text in (_NO_SPACE, *traits_of(filesystem).no_room)):
            return self.full()
        lines = done.output.strip().splitlines()[-10:]
        return BuildError(
            problem_in(
                filesystem,
                f"{tool} failed (exit code {done.code})",
                "\n".join(lines),
                code="filesystem-tool",
            )
        )
