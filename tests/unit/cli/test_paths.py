"""Files that a command line names."""

import os
from pathlib import Path

import pytest

from vmdsl.cli.paths import check_output, existing_file, is_device
from vmdsl.errors import UsageError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("hybrid.py", "server.py", "notes.txt"):
        (tmp_path / name).write_text("")
    return tmp_path


def refused(path: str) -> str:
    with pytest.raises(UsageError) as caught:
        existing_file(Path(path), "recipe", ".py")
    return str(caught.value)


@pytest.mark.usefixtures("here")
class TestExistingFile:
    def test_file(self) -> None:
        existing_file(Path("hybrid.py"), "recipe", ".py")

    @pytest.mark.parametrize("name", ["hybird.py", "hybrid", "./hybrid.yp"])
    def test_close_match(self, name: str) -> None:
        what, hint = refused(name).splitlines()
        assert what == f"there is no recipe {Path(name)}"
        assert hint.strip() == "did you mean hybrid.py?"

    def test_nothing_close(self) -> None:
        assert refused("zzz") == "there is no recipe zzz"

    def test_no_directory(self) -> None:
        assert refused("x/y.py") == "there is no recipe x/y.py: no directory x"

    def test_directory(self) -> None:
        what, hint = refused(".").splitlines()
        assert what == ". is a directory, not a recipe"
        assert hint.strip() == "did you mean hybrid.py or server.py?"

    def test_device(self) -> None:
        assert refused("/dev/null") == "/dev/null is not a file"


def refused_output(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        check_output(path, Path("hybrid.py"))
    return str(caught.value)


@pytest.mark.usefixtures("here")
class TestOutput:
    @pytest.mark.parametrize("name", ["new.img", "notes.txt"])
    def test_new_and_old_file(self, name: str) -> None:
        check_output(Path(name), Path("hybrid.py"))

    def test_directory(self) -> None:
        assert refused_output(Path()).endswith("name the image: --output hybrid.img")

    def test_no_directory(self) -> None:
        text = refused_output(Path("a/b.img"))
        assert text == "there is no directory a\n    make it first: mkdir -p a"

    def test_file_for_a_directory(self) -> None:
        assert refused_output(Path("notes.txt/b.img")) == "there is no directory notes.txt"

    def test_standard_output(self) -> None:
        what, hint = refused_output(Path("-")).splitlines()
        assert what == "an image is not written to standard output"
        assert "/dev/sdX" in hint

    @pytest.mark.parametrize("name", ["/dev/null", "/dev/stdout", "/dev/no-such-disk"])
    def test_device(self, name: str) -> None:
        assert is_device(Path(name))

    def test_memory(self) -> None:
        assert not is_device(Path("/dev/shm/new.img"))
        assert not is_device(Path("/dev"))
        check_output(Path("/dev/shm/new.img"), Path("hybrid.py"))

    @pytest.mark.parametrize(
        ("name", "meant"),
        [
            ("a.qcow3", "did you mean a.qcow2?"),
            ("a.qcow", "did you mean a.qcow2?"),
            ("a.QCOW2", "did you mean a.qcow2?"),
            ("a.imgg", "did you mean a.img?"),
            ("a.1.igm", "did you mean a.1.img?"),
            ("a.vmdk2", "let the name end with .img or .qcow2: vmdsl cannot build .vmdk"),
        ],
    )
    def test_misspelt_format(self, name: str, meant: str) -> None:
        what, hint = refused_output(Path(name)).splitlines()
        assert what == f"{name}: there is no format of images with the suffix {Path(name).suffix}"
        assert hint.strip() == meant

    def test_compressed(self) -> None:
        what, hint = refused_output(Path("a.img.xz")).splitlines()
        assert what == "a.img.xz: vmdsl does not compress images"
        assert hint.strip() == "name it a.img, and compress it then: xz a.img"

    @pytest.mark.parametrize(
        "name", ["a", "a.raw", "a.bin", "a.disk", "a.dd", "a.iso", "a.wic", "debian-13.1", "a.b"]
    )
    def test_raw_images_have_many_names(self, name: str) -> None:
        check_output(Path(name), Path("hybrid.py"))

    def test_read_only(self, here: Path) -> None:
        (here / "old.img").touch(mode=0o444)
        what, hint = refused_output(Path("old.img")).splitlines()
        assert what == "old.img is read-only, so it is not replaced"
        assert "chmod u+w old.img" in hint

    def test_recipe_itself(self, here: Path) -> None:
        assert "is the recipe" in refused_output(here / "hybrid.py")

    def test_not_writable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
        assert "you cannot write to the directory ." in refused_output(Path("b.img"))
