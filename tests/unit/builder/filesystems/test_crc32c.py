"""The checksum, against the examples of RFC 3720."""

from vmdsl.builder.filesystems.crc32c import crc32c


def test_examples_of_the_standard() -> None:
    assert crc32c(b"") == 0
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(bytes(range(32))) == 0x46DD794E
