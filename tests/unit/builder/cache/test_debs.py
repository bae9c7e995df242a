"""Packages that are kept: what a build gets of them, and which stay."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from vmdsl.builder.cache.debs import Debs, checksums, prune

CONTENTS = {"a_1_all.deb": b"one", "b_1%3a2_amd64.deb": b"two " * 100}
WANTED = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "debs"


def place(tmp_path: Path, name: str, contents: dict[str, bytes] | None = None) -> Path:
    made = tmp_path / name
    made.mkdir()
    for file, content in (contents or {}).items():
        (made / file).write_bytes(content)
    return made


@pytest.fixture
def debs(store: Path, tmp_path: Path) -> Debs:
    kept = Debs(store)
    kept.keep(place(tmp_path, "first", CONTENTS), WANTED)
    return kept


def kept_as(store: Path, name: str) -> Path:
    return store / f"{WANTED[name]}.deb"


def test_what_apt_prints() -> None:
    digest = "0" * 64
    printed = (
        f"'http://m.example/pool/a_1%3a2_all.deb' a_1%3a2_all.deb 12 SHA256:{digest}\n"
        f"'http://m.example/pool/b_1_all.deb' b_1_all.deb 12 MD5Sum:{digest}\n"
        f"'http://m.example/pool/c_1_all.deb' ../c_1_all.deb 12 SHA256:{digest}\n"
        "'http://m.example/pool/d_1_all.deb' d_1_all.deb 12 \n"
        "The following packages will be installed\n"
    )
    assert checksums(printed) == {"a_1%3a2_all.deb": digest}
    assert checksums("") == {}


def test_kept_packages_are_lent_as_links(debs: Debs, store: Path, tmp_path: Path) -> None:
    lent = place(tmp_path, "lent")
    assert debs.lend({**WANTED, "c_1_all.deb": "c" * 64}, lent) == ["c_1_all.deb"]
    assert {file.name: file.read_bytes() for file in lent.iterdir()} == CONTENTS
    for name in CONTENTS:
        assert (lent / name).samefile(kept_as(store, name))


@pytest.mark.parametrize("spoilt", [b"", b"on", b"\0\0\0", b"two"])
def test_a_spoilt_package_is_not_lent_and_goes(
    debs: Debs, store: Path, tmp_path: Path, spoilt: bytes
) -> None:
    kept_as(store, "a_1_all.deb").write_bytes(spoilt)
    lent = place(tmp_path, "lent")
    assert debs.lend(WANTED, lent) == ["a_1_all.deb"]
    assert [file.name for file in lent.iterdir()] == ["b_1%3a2_amd64.deb"]
    assert not kept_as(store, "a_1_all.deb").exists()


def test_what_is_no_package_is_not_kept(store: Path, tmp_path: Path) -> None:
    done = place(tmp_path, "done", {"lock": b"", "x.deb.part": b"x"})
    (done / "partial").mkdir()
    (done / "partial" / "a_1_all.deb").write_bytes(b"o")
    (done / "link.deb").symlink_to("/etc/hostname")
    Debs(store).keep(done, WANTED)
    assert list(store.iterdir()) == []


def test_a_package_that_nobody_expected_is_kept_by_its_own_checksum(
    store: Path, tmp_path: Path
) -> None:
    Debs(store).keep(place(tmp_path, "done", CONTENTS), {})
    assert {file.name for file in store.iterdir()} == {f"{d}.deb" for d in WANTED.values()}


def test_where_nothing_can_be_kept_the_build_goes_on(tmp_path: Path) -> None:
    (tmp_path / "debs").write_text("a file")
    debs = Debs(tmp_path / "debs")
    debs.keep(place(tmp_path, "done", CONTENTS), WANTED)
    assert debs.lend(WANTED, place(tmp_path, "lent")) == list(WANTED)


def test_the_longest_unused_go_first(debs: Debs, store: Path, tmp_path: Path) -> None:
    first, second = (kept_as(store, name) for name in CONTENTS)
    os.utime(first, (1000, 1000))
    os.utime(second, (2000, 2000))
    debs.lend({"a_1_all.deb": WANTED["a_1_all.deb"]}, place(tmp_path, "lent"))
    prune(store, 403)
    assert len([*store.iterdir()]) == 2
    prune(store, 402)
    assert [file.name for file in store.iterdir()] == [first.name]
    prune(store, 0)
    assert [*store.iterdir()] == []


def test_a_store_that_is_not_there_is_empty(store: Path) -> None:
    prune(store, 0)
    assert not store.exists()
