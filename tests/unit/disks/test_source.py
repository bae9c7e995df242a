"""Images that can be written, and files that are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vmdsl import programs
from vmdsl.disks.source import opened_image
from vmdsl.errors import HostError, UsageError, VmdslError


def opened(path: Path) -> bytes:
    with opened_image(path, name=path.name) as source:
        return Path(f"/proc/self/fd/{source.file}").read_bytes()[: source.size]


def refused(path: Path, kind: type[VmdslError] = UsageError) -> tuple[str, str]:
    with pytest.raises(kind) as caught:
        opened(path)
    (problem,) = caught.value.problems
    return problem.what, problem.hint


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def file(name: str, content: bytes) -> Path:
    path = Path(name)
    path.write_bytes(content)
    return path


@pytest.mark.usefixtures("here")
class TestRaw:
    @pytest.mark.parametrize("name", ["pc.img", "pc.iso", "pc"])
    def test_its_bytes(self, name: str) -> None:
        assert opened(file(name, b"data" * 256)) == b"data" * 256

    @pytest.mark.parametrize("content", [b"", b"a" * 513])
    def test_no_whole_sectors(self, content: bytes) -> None:
        what, _ = refused(file("pc.img", content))
        assert what == (
            f"pc.img is not the image of a disk: {len(content)} bytes are not whole sectors"
        )

    @pytest.mark.parametrize(
        ("start", "command"),
        [
            (b"\x1f\x8b\x08", "gzip --decompress --keep"),
            (b"\xfd7zXZ\0", "xz --decompress --keep"),
            (b"\x28\xb5\x2f\xfd", "zstd --decompress"),
            (b"BZh9", "bzip2 --decompress --keep"),
            (b"PK\x03\x04", "unzip"),
        ],
    )
    def test_compressed(self, start: bytes, command: str) -> None:
        said = refused(file("pc.img.x", start.ljust(512)))
        assert said == ("pc.img.x is compressed", f"unpack it first: {command} pc.img.x")

    def test_another_format(self) -> None:
        said = refused(file("pc.img", b"QFI\xfb".ljust(512)))
        assert said == (
            "pc.img has the format qcow2, and its name says raw",
            "rename it: mv pc.img pc.qcow2",
        )


@pytest.mark.usefixtures("here")
class TestOtherFormats:
    @pytest.fixture(autouse=True)
    def image(self, here: Path) -> Path:
        assert here == Path.cwd()
        return file("pc.qcow2", b"QFI\xfb".ljust(512))

    def answer(self, monkeypatch: pytest.MonkeyPatch, code: int, output: str) -> list[str]:
        started: list[str] = []

        def run(argv: tuple[str, ...], **_: Any) -> programs.Finished:
            started.extend(argv)
            if not code:
                Path(argv[-1]).write_bytes(b"data" * 128)
            return programs.Finished(argv=argv, code=code, output=output)

        monkeypatch.setattr(programs, "run", run)
        return started

    def test_converted(self, image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        started = self.answer(monkeypatch, 0, "")
        assert opened(image) == b"data" * 128
        assert started[:6] == ["qemu-img", "convert", "-f", "qcow2", "-O", "raw"]
        assert [one.name for one in Path().iterdir()] == ["pc.qcow2"]

    def test_not_one(self, image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answer(monkeypatch, 1, "Image is not in qcow2 format\n")
        what, _ = refused(image)
        assert what == "qemu-img cannot read pc.qcow2: Image is not in qcow2 format"

    def test_no_room(self, here: Path, image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answer(monkeypatch, 1, "error while writing: No space left on device")
        what, hint = refused(image, HostError)
        assert what == f"there is no space left in {here}, where pc.qcow2 is converted"
        assert "TMPDIR" in hint

    def test_no_such_directory(self, image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TMPDIR", "/nowhere")
        what, hint = refused(image, HostError)
        assert what == "/nowhere: No such file or directory; pc.qcow2 is converted there"
        assert "TMPDIR" in hint

    def test_no_program(self, image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def run(*_: object, **__: object) -> programs.Finished:
            raise FileNotFoundError

        monkeypatch.setattr(programs, "run", run)
        what, hint = refused(image, HostError)
        assert what == "pc.qcow2 has the format qcow2, and there is no program qemu-img here"
        assert "qemu-utils" in hint
