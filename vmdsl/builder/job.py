"""The job of a sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from vmdsl.builder.cache.cache_dir import CacheDir, CacheOptions
from vmdsl.builder.cache.tools import Tools
from vmdsl.language.effects import ImageOperation, TreeOperation
from vmdsl.language.layout import Layout
from vmdsl.language.secret import Secret


class OnError(StrEnum):
    """The treatment of the tree of a build that fails."""

    CLEAN = "clean"
    KEEP = "keep"
    SHELL = "shell"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One build, as it is sent into the sandbox.

    `directory` is where relative names of local files start, and `code` the recipe, if that is
    Python. `image`, `output` and `log` are the numbers of open files: the raw image, the output,
    which the command `convert` makes of it (empty if the image itself is the output), and the log.
    `tools` are the programs that make the disk.
    `workspace` is the build's own directory in `cache`. `secrets` has the values of all secrets of
    the operations. `inputs` has for each tree operation a checksum of what its result depends on,
    or None where that isn't known; `start` of what all depend on, `cleaning` of the mount points.
    `stamps` has, for each tree operation, the stamp of its local files from before they were read.
    A shell at a failed step is offered through `console`, the number of a socket.
    """

    recipe: Path
    directory: Path
    code: Path | None
    layout: Layout
    tree_operations: tuple[TreeOperation, ...]
    image_operations: tuple[ImageOperation, ...]
    cache: CacheDir
    caching: CacheOptions
    workspace: Path
    image: int
    output: int
    log: int
    epoch: int | None
    secrets: Mapping[Secret, bytes] = field(repr=False)
    start: str
    inputs: tuple[str | None, ...]
    stamps: tuple[str, ...]
    cleaning: str
    tools: Tools
    convert: tuple[str, ...] = ()
    on_error: OnError = OnError.CLEAN
    console: int = -1

    @property
    def pieces_of_work(self) -> int:
        """The number of operations and of parts of the image, plus cleaning and the table."""
        layout = self.layout
        made = (layout.filesystems, layout.swap_files, layout.luks, layout.groups)
        parts = (self.tree_operations, *made, self.image_operations)
        return sum(map(len, parts)) + 2

    @property
    def failed_tree(self) -> Path:
        """The copy of a failed build's tree, if it is kept."""
        return self.workspace / "failed-tree"
