"""The programs that make disks: which ones, and the key by which a cache knows them."""

import hashlib
import json
import platform
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from plans import plan_of
from vmdsl import programs
from vmdsl.builder.cache.archives import MOST_AGE, Archives, State
from vmdsl.builder.cache.cache_dir import CacheDir, CacheOptions
from vmdsl.builder.cache.store import Store
from vmdsl.builder.cache.tools import KnownTools, Tools, key_of_parts, tools_for
from vmdsl.plan.plan import Plan

RECIPE = """
from vmdsl import *

@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(2)))

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=GiB(1))))

@step
def system() -> RootFs:
    return debootstrap(root(), suite="bookworm"MORE)
"""
MIRROR = ', mirror="http://mirror.example/debian"'


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")

    def make(more: str = "", text: str = RECIPE) -> Plan:
        path = tmp_path / "recipe.py"
        path.write_text(text.replace("MORE", more), encoding="utf-8")
        return plan_of(path)

    return make


def tools(plan: Plan) -> Tools:
    return tools_for(plan.operations, of_host=False)


def places(plan: Plan) -> list[tuple[str, str, str]]:
    return [(str(one.suite), str(one.arch), one.mirror) for one in tools(plan).archives]


def test_only_what_the_disk_needs(plan: Any) -> None:
    assert tools(plan()).packages == ("e2fsprogs", "fdisk")
    swap = "\n@step\ndef swap() -> None:\n    mkswap(mkpart(table(), size=MiB(64)))\n"
    assert tools(plan(text=RECIPE + swap)).packages == ("e2fsprogs", "fdisk", "util-linux")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", [("trixie", "amd64", "")]),
        (", arch=Arch.ARM64", [("trixie", "amd64", "")]),
        (MIRROR, [("trixie", "amd64", "http://mirror.example/debian"), ("trixie", "amd64", "")]),
        (f'{MIRROR}, keyring="keys.gpg"', [("trixie", "amd64", "")]),
        (f'{MIRROR}, credentials=Secret.from_file("login")', [("trixie", "amd64", "")]),
    ],
)
def test_the_recipes_own_mirror_comes_first(
    plan: Any, tmp_path: Path, more: str, expected: list[tuple[str, str, str]]
) -> None:
    """It may not have them, and one with other keys is not asked."""
    (tmp_path / "keys.gpg").write_bytes(b"\x99\x01keys")
    (tmp_path / "login").write_text("me:secret")
    assert places(plan(more)) == expected


def test_the_index_of_a_system_of_the_same_suite_serves(plan: Any) -> None:
    made = plan(text=RECIPE.replace("bookworm", "trixie"))
    (system,) = (o for o in made.tree_operations if hasattr(o, "mirror"))
    (archive,) = tools(made).archives
    assert archive.index_sources(made.directory) == system.index_sources(made.directory)


def test_a_machine_that_debian_does_not_know_uses_its_own(
    plan: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = plan()
    monkeypatch.setattr(platform, "machine", lambda: "vax")
    assert tools(made).archives == ()


def test_a_program_of_this_machine(
    plan: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --host-tools another mke2fs makes another image."""
    program = tmp_path / "mke2fs"
    program.write_text("one", encoding="utf-8")
    monkeypatch.setattr(programs, "find", lambda n: str(program) if n == "mke2fs" else None)
    made = plan()
    own = known(made, tools_for(made.operations, of_host=True), tmp_path)
    before = own.key()
    assert own.key() == before
    program.write_text("other", encoding="utf-8")
    assert own.key() != before


def known(plan: Plan, which: Tools, folder: Path, **options: bool) -> KnownTools:
    cache = CacheDir(path=folder / "cache")
    archives = Archives(cache.archives, CacheOptions(**options), time.time())
    return KnownTools(tools=which, archives=archives, store=Store(cache), directory=plan.directory)


def remember(plan: Plan, folder: Path, *, age: float = 0) -> State:
    """Have an index of the first archive in the cache."""
    sources = hashlib.sha256(
        tools(plan).archives[0].index_sources(plan.directory).encode()
    ).hexdigest()
    state = State(sources=sources, name="trixie", hash="ab", seen=time.time() - age)
    place = folder / "cache/archives" / sources
    (place / state.hash).mkdir(parents=True)
    (place / "state.json").write_text(json.dumps(asdict(state)), encoding="utf-8")
    return state


LIBC = {"libc6_1_amd64.deb": "0" * 64}
DEBS = {"e2fsprogs": {"e2fsprogs_1_amd64.deb": "1" * 64, **LIBC}, "fdisk": LIBC}


def note(own: KnownTools, folder: Path) -> None:
    for package, debs in DEBS.items():
        own.note(own.tools.archives[0], package, debs, folder)


def test_the_key_is_that_of_the_packages(plan: Any, tmp_path: Path) -> None:
    made = plan()
    own = known(made, tools(made), tmp_path)
    remember(made, tmp_path)
    own.note(tools(made).archives[0], "fdisk", LIBC, tmp_path)
    assert (own.key(), own.debs()) == ("", {})  # of one package nothing is known
    note(own, tmp_path)
    before = own.key()
    assert before
    assert own.debs() == DEBS["e2fsprogs"]
    newer = {"libc6_2_amd64.deb": "2" * 64}
    own.note(tools(made).archives[0], "fdisk", newer, tmp_path)
    assert own.key() not in {"", before}


def test_an_index_that_is_too_old_says_nothing(plan: Any, tmp_path: Path) -> None:
    made = plan()
    own = known(made, tools(made), tmp_path)
    remember(made, tmp_path, age=MOST_AGE + 1)
    note(own, tmp_path)
    assert own.key() == ""
    assert known(made, tools(made), tmp_path, offline=True).key() != ""
    assert known(made, tools(made), tmp_path, refresh=True).key() == ""


def test_packages_of_other_disks_are_known_from_them(plan: Any, tmp_path: Path) -> None:
    made = plan()
    remember(made, tmp_path)
    own = known(made, tools(made), tmp_path)
    note(own, tmp_path)
    fewer = replace(tools(made), programs={"sfdisk": "fdisk"})
    more = replace(tools(made), programs={"sfdisk": "fdisk", "mkfs.xfs": "xfsprogs"})
    assert replace(own, tools=fewer).debs() == LIBC
    assert replace(own, tools=more).key() == ""


def test_an_image_is_known_by_its_tree_and_its_tools() -> None:
    assert key_of_parts("", "b") == key_of_parts("a", "") == ""
    assert len({key_of_parts("a", "b"), key_of_parts("a", "c"), key_of_parts("c", "b")}) == 3
