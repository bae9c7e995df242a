"""FAT."""

from __future__ import annotations

import re
from typing import ClassVar
from uuid import UUID

from vmdsl.language.handles import BlockDevice, Mountable, sector_of, traits_of
from vmdsl.language.operation import operation, refuse
from vmdsl.language.traits import SizeLimits, ToolOptions, Traits
from vmdsl.operations.disk.mkfs import check_block, check_label, record_filesystem
from vmdsl.values import SECTOR

_FATS = (12, 16, 32)
_NOT_IN_LABELS = '*?.,;:/\\|+=<>[]"'
#: It stands for none.
_NO_LABEL = "NO NAME"
_FAT16, _FAT32 = 16, 32
_CLUSTERS = tuple(512 << power for power in range(8))
#: The smallest and the largest number of clusters of each FAT. A FAT32 of fewer than its
#: specification asks for works.
_COUNTS = {12: (1, 4084), 16: (4085, 65524), 32: (1, 2**28 - 12)}
#: mtools takes one of fewer clusters for a FAT16. With small sectors that is left to the recipe.
_FEWEST_FAT32 = 65525
#: The smallest FAT16 for which mkfs.vfat chooses the cluster, in bytes; and with larger sectors,
#: of which each is a cluster, up to so many bytes.
_LEAST_FAT16, _LEAST_FAT16_LARGE = 8208 * 2**10, 2**24
_MOST_FAT16_LARGE = 2**27
#: Sectors of the head, of the copies of the FAT's first entries, and of the top directory, at most.
_HEAD = 2**8
#: FAT has 32 bits for the number of a sector.
_REACH = 2**32


@operation
class Vfat(Mountable):
    """A FAT filesystem, as EFI firmware and boards read it. `cluster` is in bytes."""

    fat: int | None = None
    cluster: int | None = None
    kind = "vfat"
    _tools: ClassVar = {
        **dict.fromkeys(("mkfs.vfat", "fsck.vfat"), "dosfstools"),
        **dict.fromkeys(("mmd", "mcopy"), "mtools"),
    }
    _traits = Traits(
        longest_label=11,
        tool_options=ToolOptions(
            short="aAb:cCf:D:F:g:Gh:i:Il:m:M:n:r:R:s:S:v",
            long=("codepage=", "help", "invariant", "mbr=?", "offset=", "variant="),
            values={"-F": "12|16|32", "-f": "1|2|3|4", "-s": "1|2|4|8|16|32|64|128"},
        ),
        label_option="-n",
        uuid_option="-i",
        refused=dict.fromkeys(("-C", "-c", "-l", "--offset"), ""),
        block_option="-S",
        aliases=("fat", "msdos"),
        no_room=("Disk full", "No directory slots"),
        grub_module="fat",
        is_read_by_u_boot=True,
        has_owners=False,
        is_read_by_firmware=True,
        usual_options="umask=0077",
    )

    @staticmethod
    def _uuid_from(derived: UUID) -> str:
        text = f"{derived.int >> 96:08X}"
        return f"{text[:4]}-{text[4:]}"

    def _uuid_arguments(self) -> tuple[str, ...]:
        return ("-i", self.uuid.replace("-", "")) if self.uuid else ()

    def _size_limits(self, size: int) -> SizeLimits:
        """Return its limits, from the number of clusters that its kind of FAT can have."""
        if self.options:
            return super()._size_limits(size)
        sector = sector_of(self.device)
        fat = self.fat or fat_bits(size, sector)
        fewest, most = _COUNTS[fat]
        if sector != SECTOR and fat == _FAT32:
            fewest = _FEWEST_FAT32
        largest = self.cluster or _CLUSTERS[-1]
        entries = 2 * fat // 8  # of both copies of the FAT, for each cluster
        if sector == SECTOR:
            small = _LEAST_FAT16 if fat == _FAT16 else 0
        else:
            small = {_FAT16: _LEAST_FAT16_LARGE, _FAT32: fewest * sector}.get(fat, 0)
        return SizeLimits(
            name=f"FAT{fat}" + (f" with clusters of {self.cluster} bytes" if self.cluster else ""),
            least=fewest * self.cluster if self.cluster else small,
            most=min(most * (largest + entries) + _HEAD * sector, _REACH * sector),
            otherwise=", or choose another fat= or cluster=" * bool(self.fat or self.cluster),
        )

    def _arguments(self) -> tuple[str, ...]:
        return (
            *(("-F", str(self.fat)) if self.fat else ()),
            *(("-s", str(self.cluster // SECTOR)) if self.cluster else ()),
        )


def mkvfat(
    device: BlockDevice,
    *,
    label: str = "",
    uuid: str = "",
    fat: int | None = None,
    cluster: int | None = None,
    options: tuple[str, ...] = (),
) -> Vfat:
    """Format a partition or a volume with FAT.

    `label` is at most 11 characters, in capitals where other systems than Linux are to read it.
    `fat` is 12, 16 or 32; it follows from the size, if not given. `cluster` is in bytes, a power
    of two from a sector to 65536. `uuid` is FAT's own, of 32 bits: `"1234-ABCD"`. `options` are
    further arguments of mkfs.vfat, which override the others.
    """
    if uuid and not re.fullmatch(r"[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}", uuid):
        raise refuse(
            f"{uuid!r} is not the id of a FAT filesystem",
            'one is like "1234-ABCD"',
            about="uuid",
            code="uuid",
        )
    if fat is not None and fat not in _FATS:
        raise refuse(f"there is no FAT{fat}", "there are 12, 16 and 32", code="filesystem-setting")
    if cluster is not None and cluster not in _CLUSTERS:
        raise refuse(
            f"a cluster of {cluster} bytes",
            "give 512, 1024, 2048 or so, up to 65536 bytes",
            code="filesystem-setting",
        )
    _check_label(label)
    digits = uuid.replace("-", "").upper()
    wanted = Vfat(
        device=device,
        label=label,
        uuid=f"{digits[:4]}-{digits[4:]}" if uuid else "",
        fat=fat,
        cluster=cluster,
        options=options,
    )
    if cluster is not None:
        check_block(wanted, cluster, about="cluster")
    return record_filesystem(wanted)


def _check_label(label: str) -> None:
    """Refuse a label that mkfs.vfat does not take, or that it would change."""
    check_label(label, traits_of(Vfat).longest_label)
    wrong = sorted({letter for letter in label if not letter.isascii() or letter in _NOT_IN_LABELS})
    if wrong:
        raise refuse(
            f"the label {label!r} has characters that FAT does not take: {' '.join(wrong)}",
            "write it with ASCII letters, digits, - and _",
            about="label",
            code="label",
        )
    if label != label.strip() or label == _NO_LABEL:
        raise refuse(
            f"FAT does not keep the label {label!r}",
            "give it another one",
            about="label",
            code="label",
        )


def cluster_of(fat: Vfat, size: int) -> int | None:
    """Return the cluster on a partition of `size` bytes; None if mkfs.vfat chooses it well."""
    sector = sector_of(fat.device)
    if fat.cluster or sector == SECTOR:
        return fat.cluster
    # mkfs.vfat takes several sectors for one, of which a small FAT16 has too few.
    is_16 = (fat.fat or fat_bits(size, sector)) == _FAT16
    return sector if is_16 and size <= _MOST_FAT16_LARGE else None


def fat_bits(size: int, sector: int = SECTOR) -> int:
    """Return the FAT that suits a partition of `size` bytes: 12, 16 or 32.

    The UEFI specification wants FAT32 in an EFI system partition, so it comes as early as it can.
    """
    # With less, FAT32 and FAT16 have too few clusters.
    fat32, fat16 = (64, 9) if sector == SECTOR else (260, 17)
    if size >= fat32 * 2**20:
        return _FAT32
    return _FAT16 if size >= fat16 * 2**20 else 12
