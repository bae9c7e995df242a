"""The file itself: whether it is text at all."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from vmdsl.errors import RecipeError, UsageError
from vmdsl.vmdb2.reading.read import text_of


def test_file_and_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x.vmdb"
    file.write_bytes("steps: [é]\r\n".encode())
    assert text_of(file) == "steps: [é]\r\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"steps: []")))
    assert text_of(Path("-")) == "steps: []"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("steps:\n- echo: é".encode("latin1"), r":2:9: it is not UTF-8 text: there is a byte 0xe9"),
        ("é\n é ".encode() + b"\xff", r":2:4: it is not UTF-8 text: there is a byte 0xff"),
        ("é".encode("latin1"), r"iconv -f latin1 -t utf-8"),
        (b"\x7fELF\0\xff", r"is it a specification at all\?"),
        ("steps:".encode("utf-16"), r"iconv -f utf-16 -t utf-8"),
    ],
)
def test_not_utf_8(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "x.vmdb"
    file.write_bytes(content)
    with pytest.raises(RecipeError, match=message):
        text_of(file)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"x cannot be read: No such file"):
        text_of(tmp_path / "x")
    with pytest.raises(UsageError, match=r"is a directory"):
        text_of(tmp_path)
