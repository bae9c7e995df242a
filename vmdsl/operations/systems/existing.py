"""The system of an image that is there already."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vmdsl.errors import Advice, Hint, Problem, code
from vmdsl.existing.ext import ExtFiles
from vmdsl.existing.fat import FatFiles
from vmdsl.existing.files import Files, read_text
from vmdsl.existing.source import Source, UnreadableImageError, opened
from vmdsl.existing.tables import FoundTable, read_table
from vmdsl.language.effects import Tree, package_cache
from vmdsl.language.handles import Mounted, RootFs, image_of
from vmdsl.language.operation import Operation, code_of, operation, record, refuse, shown_name
from vmdsl.machines import Arch
from vmdsl.operations.disk.existing import files_of, image_in_recipe, unpack_partition
from vmdsl.operations.systems.roots import RootMaker, check_place, check_proxy, suite_of
from vmdsl.values import Suite

_CODENAME = re.compile(r"""^VERSION_CODENAME=["']?([a-z][a-z0-9-]*)""", re.MULTILINE)
_DPKG = re.compile(r"^Package: dpkg\n(?:.+\n)*?Architecture: (\S+)$", re.MULTILINE)
#: A line of /etc/fstab with a filesystem's name: of which kind, the name, and where it is.
_FSTAB_LINE = re.compile(
    r"""^(UUID|LABEL|PARTUUID|PARTLABEL)="?([^\s"]+)"?\s+(/\S*)""", re.MULTILINE
)


@operation
class ExistingSystem(RootMaker):
    """The system that the root filesystem of an image has."""

    keeps_files = True
    in_system = False

    image: Path
    number: int

    def summary(self) -> str:
        return f"take the system of partition {self.number} of {self.image}"

    def local_files(self) -> tuple[Path, ...]:
        return (self.image,)

    def network(self) -> str:
        """Return nothing: all that it needs is in the image."""
        return ""

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Report filesystems of the image that its system mounts, and no step does."""
        yield from super().check_plan(operations, complete=complete)
        mounted = {str(o.path) for o in operations if isinstance(o, Mounted)}
        for number, path in self._mounts() if complete else ():
            if path not in mounted:
                yield self.problem(
                    f"its /etc/fstab mounts partition {number} at {path}, and no step does: it "
                    "is copied as it is, and what the recipe writes there is lost",
                    f"take it with existing_filesystem(), and mount it at {path}",
                    kind=Advice,
                    code="not-mounted",
                )

    def _mounts(self) -> Iterator[tuple[int, str]]:
        """Yield the number of each partition that /etc/fstab mounts somewhere, and where."""
        try:
            with opened(self.directory / self.image) as source:
                table = read_table(source)
                root = next(one for one in table.partitions if one.number == self.number)
                lines = _FSTAB_LINE.findall(read_text(files_of(root.of(source)), "/etc/fstab"))
                names = dict(_names(source, table))
        except (OSError, UnreadableImageError):
            return  # which is reported elsewhere
        for kind, value, path in lines:
            if path != "/" and (number := names.get((kind, value.lower()))):
                yield number, path

    def apply(self, tree: Tree) -> None:
        newest = unpack_partition(tree, self.image, self.number, "/")
        package_cache(tree).set_epoch(newest)


def existing_system(
    mounted: Mounted[Any],
    *,
    suite: Suite | str = "",
    arch: Arch | None = None,
    proxy: str = "",
) -> RootFs:
    """Take the system that is on a filesystem of an image, which `existing_filesystem()` returned.

    Owners, permissions, times, ACLs, capabilities and other attributes, hard links and holes are
    kept. Device nodes are left out, as the system makes its own, and marks of chattr(1). Suite and
    architecture are read from the image, unless they are given. The build's time
    (SOURCE_DATE_EPOCH) is that of the newest file in it. `proxy` is the address of a proxy for
    every `apt()` of the system, and is not part of the image.
    """
    check_place(mounted)
    check_proxy(proxy)
    found = image_of(mounted.filesystem)
    if found is None:
        raise refuse(
            f"{shown_name(mounted)} is made anew, so there is no system on it",
            Hint("make one: ", code("debootstrap", code_of(mounted), suite="trixie")),
            about="mounted",
            code="existing-image",
        )
    image, number = found
    with image_in_recipe(image, about="mounted") as (source, table):
        part = next(one for one in table.partitions if one.number == number)
        chosen, machine = _facts(files_of(part.of(source)))
    place = f"the system on partition {number} of {image}"
    if not str(suite) and not chosen:
        raise refuse(
            f"{place} does not say in /etc/os-release which suite it is of",
            Hint("if it is one, give ", code("", suite="trixie")),
            about="suite",
            code="existing-image",
        )
    if arch is None and machine is None:
        raise refuse(
            f"{place} has no dpkg of an architecture that is known",
            Hint("if it is one, give ", code("", arch=None)),
            about="arch",
            code="existing-image",
        )
    made = suite_of(suite or chosen)
    runs_on = arch or machine or Arch.AMD64
    record(ExistingSystem(root=mounted, suite=made, arch=runs_on, image=image, number=number))
    return RootFs(mounted=mounted, suite=made, arch=runs_on, proxy=proxy)


def _facts(files: Files) -> tuple[str, Arch | None]:
    """Return the suite and the architecture of a system, as far as it says."""
    name = _CODENAME.search(read_text(files, "/etc/os-release"))
    dpkg = _DPKG.search(read_text(files, "/var/lib/dpkg/status"))
    known = {str(arch): arch for arch in Arch}
    return name[1] if name else "", known.get(dpkg[1]) if dpkg else None


def _names(source: Source, table: FoundTable) -> Iterator[tuple[tuple[str, str], int]]:
    """Yield each name that /etc/fstab may have for a partition, in small letters."""
    for one in table.partitions:
        number = one.number
        uuid = one.uuid or f"{table.id.removeprefix('0x')}-{number:02x}"
        yield ("PARTUUID", uuid), number
        yield ("PARTLABEL", one.label.lower()), number
        try:
            files = files_of(one.of(source))
        except UnreadableImageError:
            continue
        if isinstance(files, ExtFiles | FatFiles):
            shape = files.shape
            yield ("UUID", shape.uuid.lower()), number
            yield ("LABEL", shape.label.lower()), number
