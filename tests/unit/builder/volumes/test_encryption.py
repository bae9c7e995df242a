"""The cipher of encrypted devices, and devices with it."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import XTS
from hypothesis import given
from hypothesis import strategies as st

from vmdsl.builder.volumes.devices import Area, Encrypted
from vmdsl.builder.volumes.encryption import KEY_SIZE, encrypt, new_key
from vmdsl.language.layout import LUKS_DATA

KEY = bytes(range(KEY_SIZE))
SIZE = 64 * 1024


def test_it_is_xts() -> None:
    """Vector 10 of IEEE 1619-2007: its data unit 255 is the sector of that number."""
    key = bytes.fromhex(
        "2718281828459045235360287471352662497757247093699959574966967627"
        "3141592653589793238462643383279502884197169399375105820974944592"
    )
    content = bytes(range(256)) * 2
    encrypted = encrypt(content, key, start=255 * 512, sector=512)
    assert encrypted.hex().startswith(
        "1c3b3a102f770386e4836c99e370cf9bea00803f5e482357a4ae12d414a3e63b"
    )


def test_the_tweak_counts_512_bytes_whatever_the_sectors_are() -> None:
    content = b"x" * 8192
    large = encrypt(content, KEY, start=4096, sector=4096)
    assert large[:512] == encrypt(content, KEY, start=4096, sector=512)[:512]
    assert large[4096:4608] == encrypt(content[:512], KEY, start=8192, sector=512)
    assert large[512:1024] != encrypt(content[:512], KEY, start=4608, sector=512)


def test_each_device_has_a_key_of_its_own() -> None:
    assert len({new_key(), new_key()}) == 2
    assert len(new_key()) == KEY_SIZE


def decrypted(image: int, sector: int) -> bytes:
    """The content of the device, as dm-crypt reads it."""
    found = bytearray()
    for place in range(0, SIZE, sector):
        tweak = XTS((place // 512).to_bytes(16, "little"))
        piece = os.pread(image, sector, 512 + LUKS_DATA + place)
        found += Cipher(AES(KEY), tweak).decryptor().update(piece)
    return bytes(found)


@given(
    sector=st.sampled_from([512, 4096]),
    ranges=st.lists(st.tuples(st.integers(0, 63), st.integers(1, 20)), min_size=1, max_size=6),
    content=st.binary(min_size=1, max_size=16),
)
def test_what_is_copied_is_read_again(
    sector: int, ranges: list[tuple[int, int]], content: bytes
) -> None:
    """In any order, and where several are in a sector; holes read as zeros, and not as noise."""
    image, source = os.memfd_create("image"), os.memfd_create("source")
    try:
        os.ftruncate(image, 512 + LUKS_DATA + SIZE)
        os.ftruncate(source, SIZE - 100)  # shorter than the device
        for place in range(0, SIZE - 5000, 5000):
            os.pwrite(source, content, place)
        device = Encrypted(
            device=Area(image=image, offset=512, size=LUKS_DATA + SIZE),
            key=KEY,
            sector=sector,
            size=SIZE,
        )
        wanted = os.pread(source, SIZE, 0).ljust(SIZE, b"\0")
        for first, count in ranges:
            start, end = first * 1024, min((first + count) * 1024, SIZE)
            device.copy(source, start, end, start)
        found = decrypted(image, sector)
        for first, count in ranges:
            start, end = first * 1024, min((first + count) * 1024, SIZE)
            assert found[start:end] == wanted[start:end]
        assert os.lseek(image, 0, os.SEEK_DATA) >= LUKS_DATA
    finally:
        os.close(image)
        os.close(source)


def test_its_bytes_are_nowhere_as_they_are(tmp_path: Path) -> None:
    with (tmp_path / "image").open("w+b", buffering=0) as image:
        area = Area(image=image.fileno(), offset=0, size=LUKS_DATA + SIZE)
        device = Encrypted(device=area, key=KEY, sector=4096, size=SIZE)
        device.write(0, b"in the clear".ljust(SIZE, b"."))
        assert b"in the clear" not in (tmp_path / "image").read_bytes()
        assert device.offset is None
        assert repr(KEY) not in repr(device)
