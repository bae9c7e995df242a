"""Images on real disks: the command write, and `build --output DISK`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vmdsl.builder.image.formats import RAW
from vmdsl.cli.options import rounded
from vmdsl.cli.paths import existing_file
from vmdsl.cli.reporting import report_error
from vmdsl.errors import Problem, UsageError

if TYPE_CHECKING:
    from vmdsl.builder.cache.cache_dir import CacheDir
    from vmdsl.disks.disk import Disk
    from vmdsl.disks.source import Source
    from vmdsl.disks.tables import Table
    from vmdsl.plan.plan import Plan

Yes = Annotated[
    bool, typer.Option("--yes", help="Write to a disk without asking whether it is the right one.")
]


def write(
    image: Annotated[
        Path, typer.Argument(metavar="IMAGE", help="The image; it is not changed.", readable=False)
    ],
    disk: Annotated[
        Path,
        typer.Argument(
            metavar="DISK",
            help="The disk, such as /dev/sdX. All data on it are lost.",
            readable=False,
        ),
    ],
    *,
    yes: Yes = False,
    no_compare: Annotated[
        bool, typer.Option("--no-compare", help="Don't read back and compare what was written.")
    ] = False,
) -> None:
    """Write an image to a disk: a USB stick, a memory card.

    It takes an ordinary user who may write to the disk. A disk that is in use is refused. The
    partition table is written last, so that a disk that is not whole is not taken for one.
    """
    _require_image(image, disk)

    from vmdsl.disks.disk import claimed_disk  # noqa: PLC0415 (slow)
    from vmdsl.disks.source import opened_image  # noqa: PLC0415
    from vmdsl.disks.writing import fitting_table  # noqa: PLC0415

    with claimed_disk(disk) as claimed, opened_image(image, name=str(image)) as source:
        table = fitting_table(source, claimed)
        _confirm(claimed, source.name, yes=yes)
        _write(source, table, claimed, compare=not no_compare)


def _require_image(image: Path, disk: Path) -> None:
    """Raise UsageError unless there is an image to be written."""
    if image.is_block_device():
        hint = f"the image is named first: vmdsl write {disk} {image}"
        raise UsageError(Problem(what=f"{image} is a disk", hint=hint, code="no-such-file"))
    existing_file(image, "image", RAW.suffix)
    if image.suffix == ".py":
        hint = f"build it: vmdsl build {image} --output {disk}"
        raise UsageError(
            Problem(what=f"{image} is a recipe, not an image", hint=hint, code="image-format")
        )


@dataclass(frozen=True, kw_only=True)
class DiskTarget:
    """A disk that nobody else can use meanwhile, and the file that its image is built at."""

    disk: Disk
    image: Path

    def write(self) -> None:
        """Write the image, which is complete, to the disk."""
        from vmdsl.disks.source import opened_image  # noqa: PLC0415 (slow)
        from vmdsl.disks.writing import fitting_table  # noqa: PLC0415

        with opened_image(self.image, name=self.image.name) as source:
            _write(source, fitting_table(source, self.disk), self.disk, compare=True)


@contextmanager
def disk_target(
    path: Path, plan: Plan, cache: CacheDir, *, name: str, yes: bool
) -> Iterator[DiskTarget]:
    """Claim the disk that the image of a plan fits, if the user agrees.

    `name` is that of the image. Its file is in the cache, and is removed afterwards.
    """
    from vmdsl.builder.cache.workspace import own_workspace  # noqa: PLC0415 (slow)
    from vmdsl.disks.disk import claimed_disk  # noqa: PLC0415
    from vmdsl.disks.writing import require_fit  # noqa: PLC0415

    with claimed_disk(path) as disk:
        require_fit(disk, name=name, size=plan.layout.size, sector=plan.layout.sector)
        _confirm(disk, name, yes=yes)
        with own_workspace(cache) as workspace:
            yield DiskTarget(disk=disk, image=workspace / name)


def _confirm(disk: Disk, name: str, *, yes: bool) -> None:
    """Ask whether a disk is the right one. Raises UsageError if it is not."""
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        what = f"somebody has to agree to the loss of all data on {disk}: {disk.about}"
        raise UsageError(Problem(what=what, hint="if it is the right disk: --yes", code="usage"))
    typer.echo(f"{disk}: {disk.about}", err=True)
    if not typer.confirm(f"Replace all data on it with {name}?", err=True):
        raise UsageError(f"{disk} is left as it is", code="usage")


def _write(source: Source, table: Table, disk: Disk, *, compare: bool) -> None:
    """Write an image to a disk with progress, and report how it went."""
    from rich.console import Console  # noqa: PLC0415 (slow)
    from rich.text import Text  # noqa: PLC0415

    from vmdsl.cli.progress import duration, progress  # noqa: PLC0415
    from vmdsl.disks.writing import half_written, write_image  # noqa: PLC0415

    begun = time.monotonic()
    try:
        with progress(verbose=False) as listener:
            written = write_image(source, table, disk, compare=compare, listener=listener)
    except (KeyboardInterrupt, SystemExit):
        report_error(half_written(disk, "writing was interrupted"))
        raise
    took = duration(time.monotonic() - begun)
    compared = " and compared" if compare else ""
    about = f": {rounded(written)} of {source.name} written{compared} in {took}"
    Console(highlight=False).print(Text.assemble((disk.name, "bold"), about), soft_wrap=True)
