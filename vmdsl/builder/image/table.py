"""The partition table, as sfdisk writes it."""

from __future__ import annotations

import errno
import os
from contextlib import suppress

from vmdsl import programs
from vmdsl.errors import BuildError, Problem
from vmdsl.host.full import has_little
from vmdsl.language.handles import Extended, Gpt, Partition
from vmdsl.language.layout import SECTOR, Layout
from vmdsl.language.partition_types import GPT_FLAGS

_SHOWN = 10
_FIRST_LBA = 2048  # what sfdisk takes, if it isn't told


def write_table(image: int, layout: Layout, *, epoch: int, log: int) -> None:
    """Give an empty image, an open file, its size and its partition table."""
    os.ftruncate(image, 0)
    os.ftruncate(image, layout.size)
    if layout.table is None:
        return
    done = programs.run(
        ["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", f"/proc/self/fd/{image}"],
        stdin=table_script(layout).encode(),
        pass_fds=[image],
        env=programs.environment({"SOURCE_DATE_EPOCH": str(epoch)}),
    )
    with suppress(OSError):  # the log's disk is full, which something else will report
        os.write(log, done.output.encode())
    if not done.ok:
        said = "\n".join(done.output.strip().splitlines()[-_SHOWN:])
        if not said and has_little(image):
            said = os.strerror(errno.ENOSPC)  # which it does not say itself
        raise BuildError(
            Problem(
                what=f"sfdisk failed with exit code {done.code}", hint=said, code="filesystem-tool"
            )
        )


def table_script(layout: Layout) -> str:
    """Return the partition table as a script for sfdisk, with every id given."""
    is_gpt = isinstance(layout.table, Gpt)
    lines = [f"label: {'gpt' if is_gpt else 'dos'}", f"label-id: {layout.label_id}"]
    first = min((place.start // SECTOR for place in layout.partitions), default=_FIRST_LBA)
    if is_gpt and first < _FIRST_LBA:
        lines.append(f"first-lba: {first}")
    lines.append("")
    for place in sorted(layout.partitions, key=lambda p: p.number):
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


def _gpt_fields(partition: Partition | Extended) -> list[str]:
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
