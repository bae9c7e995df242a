"""Packages that the kept index lacks, as far as that is sure to be what a build would find."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

import pytest

from vmdsl import (
    Ext4,
    Mounted,
    RootFs,
    ansible,
    apt,
    apt_remove,
    chroot,
    create_file,
    debootstrap,
    host_shell,
)
from vmdsl.builder.cache.cache_dir import CacheDir
from vmdsl.builder.cache.known_packages import unknown_packages
from vmdsl.errors import Advice
from vmdsl.language.operation import Recorder
from vmdsl.operations.systems.mmdebstrap import Debootstrap

INDEX = """\
Package: nano
Version: 8

Package: g++
Provides: c++-compiler, libc-dev (= 2), lib-any:any

Package: libx1.2
"""


@pytest.fixture
def cache(tmp_path: Path) -> CacheDir:
    return CacheDir(path=tmp_path / "cache")


def keep(cache: CacheDir, recorder: Recorder, *, age: float = 60, name: str = "m_Packages") -> None:
    """Keep an index as a build of the system would."""
    (system,) = [o for o in recorder.operations if isinstance(o, Debootstrap)]
    key = hashlib.sha256(system.index_sources(system.directory).encode()).hexdigest()
    (cache.archives / key / "h").mkdir(parents=True)
    (cache.archives / key / "h" / name).write_text(INDEX)
    (cache.archives / key / "h" / "m_InRelease").write_text("")
    state = {"sources": key, "name": "trixie", "hash": "h", "seen": time.time() - age}
    (cache.archives / key / "state.json").write_text(json.dumps(state))


def said(cache: CacheDir, recorder: Recorder) -> list[tuple[str, str, str]]:
    return [(p.what, p.hint, p.about) for p in unknown_packages(recorder.operations, cache)]


def test_versions_that_the_index_lacks(
    recorder: Recorder, root: Mounted[Ext4], cache: CacheDir
) -> None:
    system = debootstrap(root, suite="trixie", include=["nano=8", "nano=7.2"])
    apt(system, "nano=8", "nano=9", "g++=3")
    keep(cache, recorder)
    assert said(cache, recorder) == [
        ("the archive has no version 7.2 of nano", "it has 8: leave out =7.2", "include[1]"),
        ("the archive has no version 9 of nano", "it has 8: leave out =9", "packages[1]"),
    ]


def test_a_comma_that_is_missing(recorder: Recorder, root: Mounted[Ext4], cache: CacheDir) -> None:
    apt(debootstrap(root, suite="trixie"), "nanog++")
    keep(cache, recorder)
    ((_, hint, _),) = said(cache, recorder)
    assert hint == 'did you mean "nano", "g++", with a comma?'


def test_what_the_index_lacks(recorder: Recorder, root: Mounted[Ext4], cache: CacheDir) -> None:
    system = debootstrap(root, suite="trixie", include=["nano", "nanoo"])
    apt(system, "g++", "naon", "c++-compiler", "libc-dev", "lib-any")
    keep(cache, recorder)
    assert said(cache, recorder) == [
        ("the archive has no package nanoo", "did you mean nano?", "include[1]"),
        ("the archive has no package naon", "did you mean nano?", "packages[1]"),
    ]


@pytest.mark.parametrize(
    "package",
    ["nano", "nano=8", "xyz/sid", "xyz:i386", "standard^", "libx1.", "g++", "nano+", "libc-dev=2"],
)
def test_what_apt_may_find(
    recorder: Recorder, system: RootFs, cache: CacheDir, package: str
) -> None:
    apt(system, package)
    keep(cache, recorder)
    assert said(cache, recorder) == []


def test_what_is_removed(recorder: Recorder, system: RootFs, cache: CacheDir) -> None:
    apt_remove(system, "nano", "naon")
    keep(cache, recorder)
    assert [about for _, _, about in said(cache, recorder)] == ["packages[1]"]


def test_what_is_removed_may_be_of_a_local_file(
    recorder: Recorder, system: RootFs, cache: CacheDir
) -> None:
    apt(system, debs=["own.deb"])
    apt_remove(system, "own-package")
    keep(cache, recorder)
    assert said(cache, recorder) == []


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("apt-get install -y naon", ["naon"]),
        (
            "X=y apt-get -y -oA=b install -qq nano \\\n  naon g+",
            ["naon", "g+"],
        ),
        ("if true; then\n  apt install -y xyz\nfi", ["xyz"]),
        ("apt-get install -y nano", []),
        ("apt-get install -y $NAME ./own.deb 'xyz'", []),
        ("echo deb x >/etc/apt/sources.list.d/x.list\napt-get install -y xyz", []),
        ("install() { :; }\napt-get install -y xyz", []),
        ("apt-get install -y xyz || true", []),
        ("dpkg --add-architecture i386\napt-get install -y xyz", []),
    ],
)
def test_what_scripts_install(
    recorder: Recorder, system: RootFs, cache: CacheDir, script: str, expected: list[str]
) -> None:
    """It is only a warning: scripts may do anything."""
    chroot(system, script)
    keep(cache, recorder)
    found = list(unknown_packages(recorder.operations, cache))
    assert [one.what for one in found] == [f"the archive has no package {n}" for n in expected]
    assert all(isinstance(one, Advice) and one.about == "script" for one in found)


def test_scripts_of_this_machine(recorder: Recorder, system: RootFs, cache: CacheDir) -> None:
    host_shell(system, "apt-get install -y xyz")
    keep(cache, recorder)
    assert said(cache, recorder) == []


def test_another_suite(recorder: Recorder, system: RootFs, cache: CacheDir) -> None:
    apt(system, "xyz", suite="sid")
    keep(cache, recorder)
    assert said(cache, recorder) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("create_file('/etc/motd')", ["xyz", "zyx"]),
        ("create_file('/etc/apt/sources.list')", []),
        ("chroot('echo one')", ["xyz", "zyx"]),
        ("chroot('extrepo enable x')", []),
        ("chroot('apt-get update')", []),
        ("ansible", []),
    ],
)
def test_other_archives(
    recorder: Recorder, system: RootFs, cache: CacheDir, change: str, expected: list[str]
) -> None:
    argument = change.split("'")[1] if "'" in change else ""
    match change.partition("(")[0]:
        case "create_file":
            create_file(system, argument, "x")
        case "chroot":
            chroot(system, argument)
        case _:
            ansible(system, "play.yml")
    apt(system, "xyz")
    apt(system, "zyx")
    keep(cache, recorder)
    found = [what.rpartition(" ")[2] for what, _, _ in said(cache, recorder)]
    assert found == expected


def test_what_is_not_kept_or_too_old(recorder: Recorder, system: RootFs, cache: CacheDir) -> None:
    apt(system, "xyz")
    assert said(cache, recorder) == []
    keep(cache, recorder, age=100_000)
    assert said(cache, recorder) == []


def test_a_compressed_index_is_not_read(
    recorder: Recorder, system: RootFs, cache: CacheDir
) -> None:
    apt(system, "xyz")
    keep(cache, recorder, name="m_Packages.lz4")
    assert said(cache, recorder) == []


def test_a_keyring_that_is_missing(
    recorder: Recorder, root: Mounted[Ext4], cache: CacheDir
) -> None:
    system = debootstrap(root, suite="trixie", keyring="missing.asc")
    apt(system, "xyz")
    assert said(cache, recorder) == []
