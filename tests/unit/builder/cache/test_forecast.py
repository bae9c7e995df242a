"""Whether an image is still what a build would write."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from plans import description_of, plan_of
from vmdsl.builder.cache.cache_dir import CacheDir
from vmdsl.builder.cache.forecast import Description, Expected, Forecast, is_unchanged, note_image

RECIPE = """\
from vmdsl import *
from pathlib import Path

@step
def table() -> Gpt:
    return mkgpt(mkimg(MiB(100)))

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(40), start=MiB(50))))

@step
def boot_code() -> None:
    write_at(table().disk, Path("code"), offset=MiB(4))
"""
CACHED = Forecast(operations=(Expected(how="cached"), Expected(how="skipped")), key="tree")


@pytest.fixture
def cache(tmp_path: Path) -> CacheDir:
    return CacheDir(path=tmp_path)


@pytest.fixture
def described(tmp_path: Path) -> Description:
    recipe = tmp_path / "recipe.py"
    recipe.write_text(RECIPE, encoding="utf-8")
    (tmp_path / "code").write_text("code", encoding="utf-8")
    return description_of(plan_of(recipe), tmp_path)


@pytest.fixture
def image(tmp_path: Path, cache: CacheDir, described: Description) -> Path:
    """An image that was just written."""
    path = tmp_path / "recipe.img"
    path.write_bytes(b"image")
    note_image(path, described, "tree", cache)
    return path


def test_nothing_has_changed(cache: CacheDir, described: Description, image: Path) -> None:
    assert is_unchanged(image, described, CACHED, cache)
    assert image.read_bytes() == b"image"
    assert is_unchanged(image, described, CACHED, cache)  # reading changes nothing


def touched(image: Path) -> None:
    image.touch()


def other_bytes_at_the_same_time(image: Path) -> None:
    about = image.stat()
    image.write_bytes(b"other")
    os.utime(image, ns=(about.st_atime_ns, about.st_mtime_ns))


def truncated(image: Path) -> None:
    os.truncate(image, 3)


def enlarged(image: Path) -> None:
    os.truncate(image, 300)


def removed(image: Path) -> None:
    image.unlink()


def replaced(image: Path) -> None:
    new = image.with_name("new")
    new.write_bytes(image.read_bytes())
    about = image.stat()
    os.utime(new, ns=(about.st_atime_ns, about.st_mtime_ns))
    new.replace(image)


def of_another_mode(image: Path) -> None:
    image.chmod(0o600)


def moved_and_back(image: Path) -> None:
    image.rename(image.with_name("elsewhere"))
    image.with_name("elsewhere").rename(image)


@pytest.mark.parametrize(
    "change",
    [touched, other_bytes_at_the_same_time, truncated, enlarged, removed, replaced,
     of_another_mode, moved_and_back],
)  # fmt: skip
def test_another_file(
    cache: CacheDir, described: Description, image: Path, change: Callable[[Path], None]
) -> None:
    change(image)
    assert not is_unchanged(image, described, CACHED, cache)


@pytest.mark.parametrize("number", range(5))
def test_each_that_identifies_a_file(
    cache: CacheDir,
    described: Description,
    image: Path,
    number: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Device, inode, size, and the times of content and inode: one is enough."""
    from vmdsl.builder.cache import forecast  # noqa: PLC0415 (the one that is patched)

    known = forecast._file_identity(image)
    assert len(known) == 5
    known[number] += 1
    monkeypatch.setattr(forecast, "_file_identity", lambda _: known)
    assert not is_unchanged(image, described, CACHED, cache)


@pytest.mark.parametrize(
    "expected",
    [
        replace(CACHED, key="another"),
        replace(CACHED, key=""),
        replace(CACHED, operations=(Expected(how="cached"), Expected())),
    ],
)
def test_another_tree(
    cache: CacheDir, described: Description, image: Path, expected: Forecast
) -> None:
    assert not is_unchanged(image, described, expected, cache)


def test_another_output(
    tmp_path: Path, cache: CacheDir, described: Description, image: Path
) -> None:
    second = tmp_path / "second.img"
    second.hardlink_to(image)
    assert not is_unchanged(second, described, CACHED, cache)


def test_a_tree_of_unknown_origin(cache: CacheDir, described: Description, image: Path) -> None:
    note_image(image, described, "", cache)
    assert not is_unchanged(image, described, replace(CACHED, key=""), cache)
    unknown = replace(described, image=None)
    note_image(image, unknown, "tree", cache)
    assert not is_unchanged(image, unknown, CACHED, cache)


def test_a_local_file_that_was_changed_while_it_was_read(
    tmp_path: Path, cache: CacheDir, described: Description, image: Path
) -> None:
    """What is in the image may be of either, so it is not noted as that of the first."""
    (tmp_path / "code").write_text("node", encoding="utf-8")
    note_image(image, described, "tree", cache)
    assert not is_unchanged(image, described, CACHED, cache)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", '["x"]'])
def test_a_broken_record(
    tmp_path: Path, cache: CacheDir, described: Description, image: Path, text: str
) -> None:
    (record,) = (tmp_path / "images").iterdir()
    record.write_text(text, encoding="utf-8")
    assert not is_unchanged(image, described, CACHED, cache)
