"""The indexes of archives: when they are fetched, and what a build gets."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from vmdsl.builder.cache.archives import MOST_AGE, Archives, State, identifying, read_state
from vmdsl.builder.cache.cache_dir import CacheOptions
from vmdsl.errors import BuildError


class Mirror:
    """Archives that count how often they are asked."""

    def __init__(self) -> None:
        self.content = "one"
        self.asked = 0

    def fetch(self, lists: Path) -> None:
        self.asked += 1
        assert list(lists.iterdir()) == []
        (lists / "m_dists_s_InRelease").write_text(self.content, encoding="utf-8")
        (lists / "m_dists_s_main_binary-amd64_Packages").write_text("Package: a\n", "utf-8")
        (lists / "lock").touch()
        (lists / "partial").mkdir()
        (lists / "link").symlink_to("/etc/passwd")


class Builds:
    """Builds that use one cache."""

    def __init__(self, folder: Path) -> None:
        self.mirror = Mirror()
        self.cache = folder / "archives"
        self.scratch = folder / "scratch"
        self.scratch.mkdir()

    def archives(self, *, refresh: bool = False, offline: bool = False) -> Archives:
        return Archives(self.cache, CacheOptions(refresh=refresh, offline=offline), time.time())

    def get(self, archives: Archives, sources: str = "S") -> tuple[State, Path]:
        return archives.get("trixie", sources, self.mirror.fetch, self.scratch)

    def build(self, *, refresh: bool = False, offline: bool = False) -> tuple[State, Path]:
        return self.get(self.archives(refresh=refresh, offline=offline))

    def age(self, seconds: float) -> None:
        (file,) = self.cache.glob("*/state.json")
        state = json.loads(file.read_text("utf-8"))
        file.write_text(json.dumps({**state, "seen": time.time() - seconds}), encoding="utf-8")


@pytest.fixture
def builds(tmp_path: Path) -> Builds:
    return Builds(tmp_path)


def test_an_index_is_fetched_once_and_only_files_of_it_are_kept(builds: Builds) -> None:
    state, index = builds.build()
    again, other = builds.build()
    assert builds.mirror.asked == 1
    assert state == again
    assert index != other
    for place in (index, other):
        names = {file.name for file in place.iterdir()}
        assert names == {"m_dists_s_InRelease", "m_dists_s_main_binary-amd64_Packages"}
    assert state.name == "trixie"
    assert read_state(builds.cache / state.sources) == state


def test_other_sources_are_others(builds: Builds) -> None:
    first, _ = builds.get(builds.archives(), "S")
    second, _ = builds.get(builds.archives(), "T")
    assert builds.mirror.asked == 2
    assert first.sources != second.sources
    assert first.hash == second.hash


@pytest.mark.parametrize("age", [MOST_AGE + 1, -60])
def test_an_old_one_and_one_of_the_future_are_fetched_anew(builds: Builds, age: float) -> None:
    before, _ = builds.build()
    builds.age(MOST_AGE - 60)
    builds.build()
    assert builds.mirror.asked == 1
    builds.age(age)
    builds.mirror.content = "two"
    after, index = builds.build()
    assert builds.mirror.asked == 2
    assert before.hash != after.hash
    assert (index / "m_dists_s_InRelease").read_text("utf-8") == "two"
    assert len([p for p in (builds.cache / after.sources).iterdir() if p.is_dir()]) == 1


def test_the_same_content_is_the_same_state(builds: Builds) -> None:
    before, _ = builds.build()
    after, _ = builds.build(refresh=True)
    assert builds.mirror.asked == 2
    assert after.hash == before.hash
    assert after.seen > before.seen


def test_one_build_refreshes_once(builds: Builds) -> None:
    builds.build()
    archives = builds.archives(refresh=True)
    builds.get(archives)
    builds.get(archives)
    assert builds.mirror.asked == 2


def test_offline_takes_the_last_one_however_old(builds: Builds) -> None:
    with pytest.raises(BuildError, match=r"no index of trixie .*\n.*build once without --offline"):
        builds.build(offline=True)
    before, _ = builds.build()
    builds.age(100 * MOST_AGE)
    after, _ = builds.build(offline=True)
    assert builds.mirror.asked == 1
    assert after.hash == before.hash


def test_what_a_build_has_stays_when_another_replaces_it(builds: Builds) -> None:
    _, index = builds.build()
    builds.mirror.content = "two"
    builds.build(refresh=True)
    assert (index / "m_dists_s_InRelease").read_text("utf-8") == "one"


def test_where_fetching_fails_the_last_one_stays(builds: Builds) -> None:
    before, _ = builds.build()

    def fail(_: Path) -> None:
        raise BuildError("no network")

    with pytest.raises(BuildError, match="no network"):
        builds.archives(refresh=True).get("trixie", "S", fail, builds.scratch)
    after, _ = builds.build()
    assert (after, builds.mirror.asked) == (before, 1)


@pytest.mark.parametrize("spoilt", ["", "{}", "[]", "null", '{"hash": 3}', "\0" * 200])
def test_a_state_that_is_not_whole_is_none(builds: Builds, spoilt: str) -> None:
    builds.build()
    (file,) = builds.cache.glob("*/state.json")
    file.write_text(spoilt, encoding="utf-8")
    builds.build()
    assert builds.mirror.asked == 2


def test_builds_at_once_fetch_once(builds: Builds) -> None:
    def slow(lists: Path) -> None:
        builds.mirror.fetch(lists)
        time.sleep(0.05)

    def build() -> None:
        builds.archives().get("trixie", "S", slow, builds.scratch)

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert builds.mirror.asked == 1


def test_files_that_tell_states_apart() -> None:
    signed = {"m_dists_s_InRelease", "n_dists_s_Release", "n_dists_s_Release.gpg"}
    covered = {"m_dists_s_main_binary-amd64_Packages", "n_dists_s_main_binary-i386_Packages"}
    alone = {"f_folder_Packages", "vmdsl-defaults"}
    assert identifying(signed | covered | alone) == signed | alone
    assert identifying(alone) == alone
