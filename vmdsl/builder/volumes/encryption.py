"""The cipher of encrypted devices: aes-xts-plain64, as dm-crypt has it."""

from __future__ import annotations

import os
from struct import Struct

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import XTS

from vmdsl.values import SECTOR

CIPHER = "aes-xts-plain64"
#: Of the key: two of AES with 256 bits.
KEY_SIZE = 64
_TWEAK = Struct("<QQ")


def new_key() -> bytes:
    """Return a key for the content of a device."""
    return os.urandom(KEY_SIZE)


def encrypt(content: bytes, key: bytes, *, start: int, sector: int) -> bytes:
    """Encrypt sectors of `sector` bytes, the first of which is at byte `start` of the device.

    Each has a tweak of its own: its place, counted in 512 bytes whatever the sectors' size.
    """
    algorithm, encrypted = AES(key), bytearray()
    for place in range(0, len(content), sector):
        tweak = XTS(_TWEAK.pack((start + place) // SECTOR, 0))
        encrypted += Cipher(algorithm, tweak).encryptor().update(content[place : place + sector])
    return bytes(encrypted)
