"""The partition table, as sfdisk writes it, or fdisk for sectors that are not the usual ones."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import replace

from vmdsl import programs
from vmdsl.errors import BuildError, Problem
from vmdsl.host.full import has_little
from vmdsl.language.handles import Extended, Gpt, Partition
from vmdsl.language.layout import Layout
from vmdsl.language.partition_types import GPT_FLAGS
from vmdsl.values import SECTOR

_SHOWN = 10
_FIRST_BYTE = 2**20  # where sfdisk has the first partition, if it isn't told
_APPLIED = "Script successfully applied."


def write_table(image: int, layout: Layout, *, epoch: int, log: int) -> None:
    """Give an empty image, an open file, its size and its partition table."""
    os.ftruncate(image, 0)
    os.ftruncate(image, layout.size)
    if layout.table is None:
        return
    script, file = table_script(layout).encode(), f"/proc/self/fd/{image}"
    if layout.sector == SECTOR:
        command = ("sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", file)
        done = _run(command, script, epoch, image)
    else:
        done = _with_fdisk(script, layout.sector, image, epoch)
    with suppress(OSError):  # the log's disk is full, which something else will report
        os.write(log, done.output.encode())
    if not done.ok:
        said = "\n".join(done.output.strip().splitlines()[-_SHOWN:])
        if not said and has_little(image):
            said = os.strerror(errno.ENOSPC)  # which it does not say itself
        what = f"{done.argv[0]} failed with exit code {done.code}"
        raise BuildError(Problem(what=what, hint=said, code="filesystem-tool"))


def _with_fdisk(script: bytes, sector: int, image: int, epoch: int) -> programs.Finished:
    """Have fdisk apply a script of sfdisk, which has no option for the size of a file's sectors."""
    file = os.memfd_create("vmdsl-table", os.MFD_CLOEXEC)
    try:
        os.write(file, script)
        disk, table = f"/proc/self/fd/{image}", f"/proc/self/fd/{file}"
        orders = f"I\n{table}\nw\n".encode()
        done = _run(("fdisk", "-b", str(sector), disk), orders, epoch, image, file)
    finally:
        os.close(file)
    # It ends well even if the script is wrong, and writes an empty table.
    return done if _APPLIED in done.output else replace(done, code=done.code or 1)


def _run(argv: tuple[str, ...], stdin: bytes, epoch: int, *files: int) -> programs.Finished:
    known = {"SOURCE_DATE_EPOCH": str(epoch), "LC_ALL": "C.UTF-8"}
    return programs.run(argv, stdin=stdin, pass_fds=files, env=programs.environment(known))


def table_script(layout: Layout) -> str:
    """Return the partition table as a script for sfdisk, with every id given."""
    is_gpt = isinstance(layout.table, Gpt)
    lines = [f"label: {'gpt' if is_gpt else 'dos'}", f"label-id: {layout.label_id}"]
    if layout.sector != SECTOR:
        lines.append(f"sector-size: {layout.sector}")
    first = min((place.start for place in layout.partitions), default=_FIRST_BYTE)
    if is_gpt and first < _FIRST_BYTE:
        lines.append(f"first-lba: {first // layout.sector}")
    lines.append("")
    for place in sorted(layout.partitions, key=lambda p: p.number):
        # sfdisk numbers them as they come, unless the name of a device does.
        name = "" if place.partition.number is None else f"disk{place.number}: "
        fields = [
            f"start={place.start // layout.sector}",
            f"size={place.size // layout.sector}",
            f"type={place.type_code}",
        ]
        if is_gpt:
            fields += [f"uuid={place.uuid}", *_gpt_fields(place.partition)]
        elif "boot" in place.partition.flags:
            fields.append("bootable")
        lines.append(name + ", ".join(fields))
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
