"""Changes of the image itself, as scripts of vmdb2, after all else."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Iterator, Sequence

from vmdsl.language.effects import ImageOperation
from vmdsl.language.handles import Partition, partitions_below
from vmdsl.operations.scripts.image import ImageShell, SystemFile, WriteAt
from vmdsl.values import SECTOR
from vmdsl.vmdb2.marked_scripts import own
from vmdsl.vmdb2.to_yaml.disk import swap
from vmdsl.vmdb2.to_yaml.emit import YamlStep
from vmdsl.vmdb2.to_yaml.export import Export
from vmdsl.vmdb2.to_yaml.partitions import hidden_types, table_changes

_LINE = 76


def write_at(export: Export, operation: WriteAt) -> Iterator[YamlStep]:
    """Yield bytes, written by dd."""
    place, offset = operation.place, operation.offset.bytes
    if isinstance(place, Partition):
        _refuse_mounted(export, operation, [place])
        offset += export.plan.layout.of_partition(place).start
    if offset % SECTOR:
        where = f"oflag=seek_bytes seek={offset}"
    else:
        where = f"bs={SECTOR} seek={offset // SECTOR}"
    dd = f'dd of="${{IMAGE}}" {where} conv=notrunc'
    match operation.content:
        case bytes() as content:
            text = base64.b64encode(content).decode()
            lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
            below = "".join(f"{line}\n" for line in lines)
            script = f"base64 --decode <<'END' |\n{below}END\n    {dd}\n"
        case SystemFile(path=path):
            script = f'chroot "$ROOT" cat {shlex.quote(path)} |\n    {dd}\n'
        case path:
            script = dd.replace("dd ", f"dd if={shlex.quote(str(path))} ", 1)
    yield export.image_shell(script.removesuffix("\n"))


def image_shell(export: Export, operation: ImageShell) -> Iterator[YamlStep]:
    """Yield the script. vmdb2 does not check what it changes, and filesystems are still mounted."""
    _refuse_mounted(export, operation, operation.partitions)
    yield export.image_shell(operation.script)


def table(export: Export) -> Iterator[YamlStep]:
    """Yield what parted has no words for, and swap.

    The kernel must have written all that it has of the table, as it looks at the disk, and what is
    done here at the file.
    """
    yield from swap(export)
    changes, hidden = list(table_changes(export)), list(hidden_types(export))
    if (changes or hidden) and not export.root and (made := export.plan.layout.table):
        export.refuse(made, "for types and names of partitions without a root filesystem")
        return
    if changes:
        yield export.image_shell("\n".join(("sync", *changes)))
    if hidden:
        yield export.image_shell(own("\n".join(("sync", *hidden))))


def _refuse_mounted(
    export: Export, operation: ImageOperation, partitions: Sequence[Partition]
) -> None:
    for mount in export.plan.layout.mounts:
        if set(partitions_below(mount.mounted.filesystem.device)) & {*partitions}:
            what = f"to write to the partition {mount.mounted.name}: it is mounted all the time"
            export.refuse(operation, what)
