"""Volume groups of LVM, as lvm2 finds them on the devices that they consist of.

Each device starts with a label in its second sector, and has a copy of the group's description
behind it, in lvm2's own text. lvm2 itself works with devices alone, and not with files. Numbers are
little-endian; names are those of its documentation.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from struct import Struct

from vmdsl.builder.volumes.devices import Device
from vmdsl.errors import BuildError
from vmdsl.language.layout import LVM_DATA, GroupLayout, VolumeLayout, device_name
from vmdsl.language.operation import problem_in
from vmdsl.values import SECTOR

#: Who is said to have made a group.
_MAKER = "vmdsl"
_AREA = 4096  # the metadata area starts here, and ends where extents start
_AREA_HEADER = 512
_AREA_SIZE = LVM_DATA - _AREA
#: An area holds the old text and the new one while lvm2 changes it.
_LONGEST = (_AREA_SIZE - _AREA_HEADER) // 2
_LABEL_PLACE = 1  # in sectors
_CHECKSUM_START = 0xF597A6CF
_ALL_BITS = 0xFFFFFFFF

_LABEL = Struct("<8sQ")  # LABELONE, the sector that it is in; then the checksum of what follows
_LABEL_TYPE = Struct("<I8s")  # where the header of the device starts, and its kind
_PHYSICAL = Struct("<32sQ")  # the UUID without its dashes, and the size of the device
_PLACE = Struct("<QQ")  # of an area: its start, and its size, or 0 for all that is left
_EXTENSION = Struct("<II")  # its version, and flags
_IN_USE = 1  # of those: the device belongs to a group
_AREA_START = Struct("<16sIQQ")  # magic bytes, version, start and size of the area
_MAGIC = b" LVM2 x[5A%r0N*>"
_TEXT = Struct("<QQII")  # start in the area, length, checksum and flags of the text
_NUMBER = Struct("<I")


def write_group(
    group: GroupLayout, volumes: Sequence[VolumeLayout], devices: Sequence[Device], *, epoch: int
) -> None:
    """Write a group with its volumes to its devices. Raises BuildError."""
    text = description(group, volumes, epoch=epoch)
    if len(text) > _LONGEST:
        what = f"the description of the volume group takes {len(text)} bytes, of {_LONGEST}"
        raise BuildError(problem_in(group.group, what, "make fewer volumes", code="volume"))
    for device, uuid in zip(devices, group.physical, strict=True):
        label = bytes(_LABEL_PLACE * SECTOR) + _label(uuid, device.size)
        device.write(0, label.ljust(_AREA, b"\0"))
        area = _metadata_area(text)
        device.write(_AREA, area.ljust(-(-len(area) // _AREA) * _AREA, b"\0"))


def _label(uuid: str, size: int) -> bytes:
    """Return the sector that makes a device of a size a physical volume."""
    content = b"".join(
        (
            _LABEL_TYPE.pack(_LABEL.size + _NUMBER.size + _LABEL_TYPE.size, b"LVM2 001"),
            _PHYSICAL.pack(uuid.replace("-", "").encode("ascii"), size),
            *_places((LVM_DATA, 0)),
            *_places((_AREA, _AREA_SIZE)),
            _EXTENSION.pack(2, _IN_USE),
            *_places(),  # of boot loaders
        )
    ).ljust(SECTOR - _LABEL.size - _NUMBER.size, b"\0")
    return _LABEL.pack(b"LABELONE", _LABEL_PLACE) + _checksum(content) + content


def _places(*areas: tuple[int, int]) -> list[bytes]:
    """Return a list of areas, with its end."""
    return [_PLACE.pack(*area) for area in (*areas, (0, 0))]


def _metadata_area(text: bytes) -> bytes:
    """Return the start of a metadata area, with a text."""
    header = b"".join(
        (
            _AREA_START.pack(_MAGIC, 1, _AREA, _AREA_SIZE),
            _TEXT.pack(_AREA_HEADER, len(text), _NUMBER.unpack(_checksum(text))[0], 0),
        )
    ).ljust(_AREA_HEADER - _NUMBER.size, b"\0")
    return _checksum(header) + header + text


def _checksum(content: bytes) -> bytes:
    """Return lvm2's CRC-32 of bytes: it starts with another number, and inverts no bits."""
    return _NUMBER.pack(zlib.crc32(content, _CHECKSUM_START ^ _ALL_BITS) ^ _ALL_BITS)


@dataclass(frozen=True)
class _Section:
    """A section of lvm2's text: a name, and what is in it."""

    name: str
    lines: tuple[str | _Section, ...]

    def text(self) -> str:
        inside = "".join(
            line.text() if isinstance(line, _Section) else f"{line}\n" for line in self.lines
        )
        return f"{self.name} {{\n{inside}}}\n"


def description(group: GroupLayout, volumes: Sequence[VolumeLayout], *, epoch: int) -> bytes:
    """Return a group in lvm2's text, with the zero byte behind it."""
    made = (f'creation_host = "{_MAKER}"', f"creation_time = {epoch}")
    whole = _Section(
        group.group.vg_name,
        (
            f'id = "{group.uuid}"',
            "seqno = 1",
            'format = "lvm2"',
            'status = ["RESIZEABLE", "READ", "WRITE"]',
            "flags = []",
            f"extent_size = {group.extent // SECTOR}",
            "max_lv = 0",
            "max_pv = 0",
            "metadata_copies = 0",
            _Section("physical_volumes", tuple(_physical_volumes(group))),
            _Section("logical_volumes", tuple(_logical_volume(v, made) for v in volumes)),
        ),
    )
    about = (
        f"# Generated by {_MAKER}",
        'contents = "Text Format Volume Group"',
        "version = 1",
        f'description = "{_MAKER}"',
        *made,
    )
    # lvm2 looks for exactly this end.
    return "\n".join((whole.text(), *about, "", "\0")).encode("ascii")


def _physical_volumes(group: GroupLayout) -> Iterable[_Section]:
    places = zip(group.devices, group.physical, group.extents, strict=True)
    for number, (device, uuid, extents) in enumerate(places):
        yield _Section(
            f"pv{number}",
            (
                f'id = "{uuid}"',
                f'device = "{device_name(device)}"',  # a hint, and no more
                'status = ["ALLOCATABLE"]',
                "flags = []",
                f"dev_size = {device.size // SECTOR}",
                f"pe_start = {LVM_DATA // SECTOR}",
                f"pe_count = {extents}",
            ),
        )


def _logical_volume(volume: VolumeLayout, made: tuple[str, str]) -> _Section:
    stripe = volume.volume.stripe_size
    runs = [volume.segments] if stripe else [(segment,) for segment in volume.segments]
    segments = []
    start = 0
    for number, run in enumerate(runs, 1):
        count = sum(segment.count for segment in run)
        kind = ['type = "striped"', f"stripe_count = {len(run)}"]  # a linear one has one
        kind += [f"stripe_size = {stripe.bytes // SECTOR}"] if stripe else []
        places = [f'"pv{segment.device}", {segment.first}' for segment in run]
        listed = ("stripes = [", *",\n".join(places).split("\n"), "]")
        extents = (f"start_extent = {start}", f"extent_count = {count}")
        segments.append(_Section(f"segment{number}", (*extents, *kind, *listed)))
        start += count
    return _Section(
        volume.volume.lv_name,
        (
            f'id = "{volume.uuid}"',
            'status = ["READ", "WRITE", "VISIBLE"]',
            "flags = []",
            *reversed(made),
            f"segment_count = {len(segments)}",
            *segments,
        ),
    )
