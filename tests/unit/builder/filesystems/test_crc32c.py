"""The checksum, against the examples of RFC 3720."""

from vmdsl.builder.filesystems.crc32c import crc32c, slow, updated


def test_examples_of_the_standard() -> None:
    assert crc32c(b"") == 0
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(bytes(range(32))) == 0x46DD794E


def test_python_and_the_library_agree() -> None:
    data = bytes(range(256)) * 5 + b"odd"
    for start in (0, 1, 0xFFFFFFFE, 0xFFFFFFFF):
        assert slow(start, data) == updated(start, data)
    assert slow(0xFFFFFFFF, b"123456789") ^ 0xFFFFFFFF == 0xE3069283
