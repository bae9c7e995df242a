"""The file of an image, before it has a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmdsl.builder.image.output import Output


@pytest.mark.parametrize(("size", "expected"), [(2**20, True), (2**63, False)])
def test_sizes_of_files(tmp_path: Path, size: int, *, expected: bool) -> None:
    output = Output(tmp_path / "a.img")
    try:
        assert output.can_hold(size) is expected
    finally:
        output.close()
    assert list(tmp_path.iterdir()) == []
