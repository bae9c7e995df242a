"""LVM's description of a group, and where it is on its devices.

lvm2 itself reads it in the integration tests.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from plans import plan_of
from vmdsl.builder.volumes.lvm import description, write_group
from vmdsl.errors import BuildError
from vmdsl.language.layout import Layout

MIB = 2**20

RECIPE = """
from vmdsl import *


@step
def group() -> VolumeGroup:
    table = mkgpt(mkimg(MiB(100)))
    return mkvg(mkpart(table, size=MiB(30)), mkpart(table), name="g-0", extent=MiB(1))


@step
def content() -> None:
    mkswap(mklv(group(), name="two", size=MiB(90)))
    mkswap(mklv(group(), name="one", size=MiB(3)))
"""


class Written:
    """A device that keeps what is written to it."""

    offset = None

    def __init__(self, size: int) -> None:
        self.size = size
        self.content = bytearray(MIB)

    def write(self, start: int, content: bytes) -> None:
        self.content[start : start + len(content)] = content
        assert len(self.content) == MIB

    def copy(self, file: int, start: int, end: int, at: int) -> None:
        raise NotImplementedError


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    recipe = tmp_path / "recipe.py"
    recipe.write_text(RECIPE, encoding="utf-8")
    return plan_of(recipe).layout


def slow_checksum(content: bytes) -> int:
    """lvm2's CRC, a bit at a time."""
    value = 0xF597A6CF
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
    return value


def test_the_description_names_all_extents(layout: Layout) -> None:
    (group,) = layout.groups
    text = description(group, layout.volumes, epoch=1700000000).decode("ascii")
    assert re.findall(r"^(\w+ = -?\d+|[\w-]+ \{|\"pv\d\", \d+)$", text, re.MULTILINE) == [
        *("g-0 {", "seqno = 1", "extent_size = 2048", "max_lv = 0", "max_pv = 0"),
        *("metadata_copies = 0", "physical_volumes {"),
        *("pv0 {", "dev_size = 61440", "pe_start = 2048", "pe_count = 29"),
        *("pv1 {", "dev_size = 139264", "pe_start = 2048", "pe_count = 67"),
        "logical_volumes {",
        *("two {", "creation_time = 1700000000", "segment_count = 2"),
        *("segment1 {", "start_extent = 0", "extent_count = 26", "stripe_count = 1", '"pv0", 3'),
        *("segment2 {", "start_extent = 26", "extent_count = 64", "stripe_count = 1", '"pv1", 0'),
        *("one {", "creation_time = 1700000000", "segment_count = 1"),
        *("segment1 {", "start_extent = 0", "extent_count = 3", "stripe_count = 1", '"pv0", 0'),
        *("version = 1", "creation_time = 1700000000"),
    ]
    uuids = [group.uuid, *group.physical, *(volume.uuid for volume in layout.volumes)]
    assert re.findall(r'^id = "(.*)"$', text, re.MULTILINE) == uuids
    assert text.count("{") == text.count("}")
    assert text.endswith("creation_time = 1700000000\n\n\0")


def test_each_device_has_a_label_and_the_description(layout: Layout) -> None:
    (group,) = layout.groups
    devices = [Written(place.size) for place in group.devices]
    write_group(group, layout.volumes, devices, epoch=0)
    text = description(group, layout.volumes, epoch=0)
    for device, uuid in zip(devices, group.physical, strict=True):
        content = bytes(device.content)
        assert not content[:512].strip(b"\0")
        label = content[512:1024]
        magic, sector, checksum, start, kind = struct.unpack_from("<8sQII8s", label)
        assert (magic, sector, start, kind) == (b"LABELONE", 1, 32, b"LVM2 001")
        assert checksum == slow_checksum(label[20:])
        assert label[32:72] == struct.pack("<32sQ", uuid.replace("-", "").encode(), device.size)
        areas = struct.unpack_from("<8QII2Q", label, 72)
        assert areas == (MIB, 0, 0, 0, 4096, MIB - 4096, 0, 0, 2, 1, 0, 0)
        header = content[4096:4608]
        assert struct.unpack_from("<I", header) == (slow_checksum(header[4:]),)
        assert header[4:20] == b" LVM2 x[5A%r0N*>"
        version, place, size, offset, length, of_text, flags = struct.unpack_from(
            "<I4QII", header, 20
        )
        assert (version, place, size, offset, flags) == (1, 4096, MIB - 4096, 512, 0)
        assert content[4608 : 4608 + length] == text
        assert of_text == slow_checksum(text)
        assert not content[4608 + length :].strip(b"\0")
    assert devices[0].content[512:1024] != devices[1].content[512:1024]


def test_too_long_a_description_is_refused(layout: Layout) -> None:
    (group,) = layout.groups
    with pytest.raises(BuildError, match=r"takes \d+ bytes, of 521984"):
        write_group(group, layout.volumes * 1000, [], epoch=0)
