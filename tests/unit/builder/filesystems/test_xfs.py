"""What of XFS is arithmetic alone."""

import pytest

from vmdsl.builder.filesystems.xfs import arguments
from vmdsl.builder.filesystems.xfs_files import Extent
from vmdsl.builder.filesystems.xfs_names import Entry, name_hash, short_form

UUID = "ed09e570-a448-5eae-8a35-3b7317a07202"


@pytest.mark.parametrize(
    ("name", "value"),
    [(b".", 0x2E), (b"..", 0x172E), (b"abc", 0x187163), (b"abcd", 0xC38B1E4)],
)
def test_hashes_of_names(name: bytes, value: int) -> None:
    """As `xfs_db -c "hash NAME"` tells them."""
    assert name_hash(name) == value


def test_an_extent_is_packed_into_16_bytes() -> None:
    packed = Extent(at=1, start=2, count=3).packed()
    assert packed == bytes.fromhex("00000000000002000000000000400003")


def test_a_small_directory() -> None:
    entries = [
        Entry(name=b"a", inode=131, mode=0o100644),
        Entry(name=b"b", inode=132, mode=0o40755),
    ]
    assert short_form(128, entries) == bytes.fromhex(
        "0200 00000080  01 0060 61 01 00000083  01 0070 62 02 00000084"
    )


def test_inodes_of_more_than_32_bits_make_all_of_them_wide() -> None:
    entry = Entry(name=b"a", inode=2**33, mode=0o120777)
    assert short_form(128, [entry]) == bytes.fromhex(
        "0101 0000000000000080  01 0060 61 07 0000000200000000"
    )


def test_an_option_is_given_once() -> None:
    given = arguments(("-mreflink=0", "-d", "agcount=2", "-m", "bigtime=0"), UUID)
    assert given[:2] == [
        "-m",
        f"crc=1,finobt=1,reflink=0,rmapbt=0,bigtime=0,inobtcount=1,uuid={UUID}",
    ]
    assert given[-2:] == ["-d", "agcount=2"]
