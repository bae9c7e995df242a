"""The layers that are kept, with several who use them at once."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from vmdsl.builder.cache.archives import State
from vmdsl.builder.cache.cache_dir import CacheDir
from vmdsl.builder.cache.locks import take_out
from vmdsl.builder.cache.store import Layer, Store, boot_id, mark_synced

_numbers = count()


def layer(key: str, *, size: int = 1000, boot: str | None = None) -> Layer:
    return Layer(
        key=key, summary="s", step="t", recipe="/r.py", size=size, boot=boot, facts={"fact": True}
    )


class Cache:
    """A cache, and the stores of several builds with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "cache"
        self.path.mkdir()
        self.trash = folder / "trash"
        self.trash.mkdir()

    def store(self) -> Store:
        return Store(CacheDir(path=self.path))

    def tree(self, content: str = "x") -> Path:
        """What a build has written."""
        tree = self.folder / f"part{next(_numbers)}"
        tree.mkdir()
        (tree / "file").write_text(content, encoding="utf-8")
        return tree

    def keep(self, key: str, *, content: str = "x", **about: object) -> Layer:
        """Keep a layer as a build that is over by now."""
        store = self.store()
        kept = store.keep(layer(key, boot=boot_id(), **about), self.tree(content))  # type: ignore[arg-type]
        release(store)
        return kept

    def content(self, key: str) -> str:
        return (self.path / "layers" / key / "tree/file").read_text(encoding="utf-8")

    def meta(self, key: str) -> Path:
        return self.path / "layers" / key / "meta.json"

    def names(self) -> list[str]:
        return sorted(path.name for path in (self.path / "layers").iterdir())


def release(store: Store) -> None:
    """Do what the end of the build's process does."""
    while store._held:
        os.close(store._held.pop())


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path)


def test_a_layer_is_kept_and_found(cache: Cache) -> None:
    store = cache.store()
    assert store.find("k") is None
    assert store.use("k") is None
    tree = cache.tree("hello")
    kept = store.keep(layer("k", boot=boot_id()), tree)
    assert kept == layer("k", boot=boot_id())
    assert cache.store().find("k") == kept
    assert store.place(kept) == cache.path / "layers/k/tree"
    assert cache.content("k") == "hello"
    assert not tree.exists()
    assert (cache.path / "layers").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "3", '{"key": "k"}', '{"nonsense": 1}', "\0", "\xff", None],
)
def test_broken_metadata(cache: Cache, text: str | None) -> None:
    """Such a layer isn't one: it is not used, is made anew, and would be removed."""
    cache.keep("k")
    if text is None:
        cache.meta("k").unlink()
    else:
        cache.meta("k").write_bytes(text.encode("latin-1"))
    store = cache.store()
    assert store.find("k") is None
    assert store.use("k") is None
    assert store.too_much() == [cache.path / "layers/k"]
    assert store.unsynced(before=time.time() + 1) == []
    cache.keep("k", content="new")
    assert store.find("k")
    assert cache.content("k") == "new"
    assert cache.names() == ["k"]


def test_metadata_of_another_version(cache: Cache) -> None:
    cache.keep("k")
    about = json.loads(cache.meta("k").read_bytes())
    cache.meta("k").write_text(json.dumps({**about, "colour": "red"}), encoding="utf-8")
    assert cache.store().find("k") is None


def test_another_boots_layer(cache: Cache) -> None:
    """It may have been lost when the machine went down, so it is made anew."""
    store = cache.store()
    store.keep(layer("k", boot=boot_id()), cache.tree("old"))
    release(store)
    about = json.loads(cache.meta("k").read_bytes())
    cache.meta("k").write_text(json.dumps({**about, "boot": "another"}), encoding="utf-8")
    assert store.find("k") is None
    assert store.use("k") is None
    assert store.too_much() == [cache.path / "layers/k"]
    assert store.unsynced(before=time.time() + 1) == []
    cache.keep("k", content="new")
    assert store.find("k")
    assert cache.content("k") == "new"


def test_a_layer_gets_safe(cache: Cache) -> None:
    cache.keep("k")
    store = cache.store()
    assert store.unsynced(before=time.time() - 60) == []
    os.utime(cache.meta("k"), (5, 5))
    (meta,) = store.unsynced(before=time.time() + 1)
    mark_synced(meta)
    assert store.find("k") == layer("k", boot=None)
    assert cache.meta("k").stat().st_mtime == 5  # it was not used
    assert store.unsynced(before=time.time() + 1) == []
    assert [p.name for p in cache.meta("k").parent.iterdir() if p.name != "tree"] == ["meta.json"]


def test_a_layer_that_is_gone_gets_safe(cache: Cache) -> None:
    cache.keep("k")
    assert take_out(cache.path / "layers/k", cache.trash / "k")
    mark_synced(cache.meta("k"))
    assert cache.names() == []


def test_two_keep_the_same(cache: Cache) -> None:
    first, second = cache.store(), cache.store()
    first.keep(layer("k", boot=boot_id()), cache.tree("first"))
    found = second.keep(layer("k", boot=boot_id(), size=5), cache.tree("second"))
    assert found.size == 1000
    assert cache.content("k") == "first"
    release(first)
    assert not take_out(cache.path / "layers/k", cache.trash / "k")  # the second has it
    release(second)
    assert take_out(cache.path / "layers/k", cache.trash / "k")


def test_what_is_used_stays(cache: Cache) -> None:
    cache.keep("k")
    user = cache.store()
    assert user.use("k")
    place = cache.path / "layers/k"
    assert not take_out(place, cache.trash / "k")
    assert cache.names() == ["k"]
    release(user)
    assert take_out(place, cache.trash / "k")
    assert cache.names() == []
    assert (cache.trash / "k/tree/file").exists()
    assert not take_out(place, cache.trash / "k")


def test_a_layer_that_took_the_place_of_another(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits to remove a layer does not remove the one that came instead of it."""
    cache.keep("k", content="old")
    place = cache.path / "layers/k"
    between(monkeypatch, lambda: replace_by_another(cache))
    assert not take_out(place, cache.trash / "k")
    assert cache.content("k") == "new"


def test_a_use_of_what_was_removed_meanwhile(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gets hold of a layer that is gone has none, though there is another of its name."""
    cache.keep("k", content="old")
    between(monkeypatch, lambda: replace_by_another(cache))
    store = cache.store()
    assert store.use("k") is None
    monkeypatch.undo()
    assert store.use("k")


def replace_by_another(cache: Cache) -> None:
    (cache.path / "layers/k").rename(cache.folder / "gone")
    cache.keep("k", content="new")


def between(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Let something happen after a directory was opened, and before it is locked."""
    locked: list[int] = []

    def lock(file: int, how: int) -> None:
        if not locked:
            locked.append(file)
            act()
        real(file, how)

    real = fcntl.flock
    monkeypatch.setattr("vmdsl.builder.cache.locks.fcntl.flock", lock)


def test_kept_while_it_is_removed(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken layer is cleared away by somebody just when it is to be replaced."""
    cache.keep("k")
    cache.meta("k").unlink()
    store = cache.store()
    known = Store.use

    def use(self: Store, key: str) -> Layer | None:
        found = known(self, key)
        if found is None and (cache.path / "layers/k").exists():
            assert take_out(cache.path / "layers/k", cache.trash / "k")
        return found

    monkeypatch.setattr(Store, "use", use)
    store.keep(layer("k", boot=boot_id()), cache.tree("new"))
    assert cache.content("k") == "new"


def test_the_least_recently_used_goes_first(cache: Cache) -> None:
    for key in "abcde":
        cache.keep(key, size=100)
    store = cache.store()
    found = [store.find(key) for key in "edcba"]
    store.used([one for one in found if one])  # e is at the bottom, a on top
    assert store.too_much(500) == []
    assert [path.name for path in store.too_much(499)] == ["a"]
    assert [path.name for path in store.too_much(250)] == ["c", "b", "a"]
    again = [one for one in (store.find("e"), store.find("a")) if one]
    store.used(again)
    assert [path.name for path in store.too_much(250)] == ["d", "c", "b"][:3]
    assert {path.name for path in store.too_much(0)} == set("abcde")


def test_one_that_is_too_large_by_itself(cache: Cache) -> None:
    cache.keep("large", size=2000)
    cache.keep("small", size=10)
    times = {"large": 1, "small": 2}
    for key, when in times.items():
        os.utime(cache.meta(key), (when, when))
    assert [path.name for path in cache.store().too_much(1000)] == ["large"]


def test_use_of_what_is_gone_is_noted_nowhere(cache: Cache) -> None:
    cache.keep("k")
    store = cache.store()
    store.used([layer("gone"), layer("k")])
    assert cache.names() == ["k"]


def test_what_was_seen(cache: Cache) -> None:
    store = cache.store()
    assert store.seen("base") == ()
    states = [State(sources="s", name=name, hash="h", seen=2.5) for name in ("one", "two")]
    store.note_seen("base", states, cache.folder)
    assert store.seen("base") == tuple(states)
    store.note_seen("base", [], cache.folder)
    assert store.seen("base") == ()


@pytest.mark.parametrize("text", ["", "{", "{}", "3", '[{"name": "n"}]', "[3]"])
def test_broken_notes_of_what_was_seen(cache: Cache, text: str) -> None:
    store = cache.store()
    (cache.path / "seen").mkdir()
    (cache.path / "seen/base").write_text(text, encoding="utf-8")
    assert store.seen("base") == ()


def refuse() -> None:
    pytest.fail("nobody else makes it")


def test_who_makes_a_layer(cache: Cache) -> None:
    store = cache.store()
    with store.making("a", refuse), store.making("b", refuse):
        assert len(list((cache.path / "locks").iterdir())) == 2
    with store.making("a", refuse):
        pass
    assert list((cache.path / "locks").iterdir()) == []


def test_who_fails_to_make_a_layer(cache: Cache) -> None:
    store = cache.store()
    with pytest.raises(ValueError, match="no"), store.making("a", refuse):
        raise ValueError("no")
    with store.making("a", refuse):
        pass


def test_a_lock_that_a_killed_build_has_left(cache: Cache) -> None:
    (cache.path / "locks").mkdir()
    (cache.path / "locks/a").touch()
    with cache.store().making("a", refuse):
        pass
    assert list((cache.path / "locks").iterdir()) == []


def test_a_lock_that_is_removed_before_it_is_held(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has been too late waits for those that have come meanwhile."""
    store, lock = cache.store(), cache.path / "locks/a"
    others: list[int] = []

    def take_its_place() -> None:
        lock.unlink()
        others.append(os.open(lock, os.O_RDWR | os.O_CREAT))
        fcntl.flock(others[0], fcntl.LOCK_EX)

    waited = []

    def wait() -> None:
        waited.append(True)
        lock.unlink()
        os.close(others[0])

    between(monkeypatch, take_its_place)
    with store.making("a", wait):
        assert waited == [True]


def test_others_wait(cache: Cache) -> None:
    """Of many who need a layer one makes it, and the others find it."""
    made, waits, wrong = [], [], []
    at_work = threading.Semaphore(1)
    start = threading.Barrier(8)

    def build(number: int) -> None:
        store = cache.store()
        start.wait()
        with store.making("base", lambda: waits.append(number)):
            if not at_work.acquire(blocking=False):
                wrong.append(number)
                return
            if store.use("k") is None:
                made.append(number)
                time.sleep(0.05)
                store.keep(layer("k", boot=boot_id()), cache.tree(str(number)))
            at_work.release()

    run_all(build, 8)
    assert wrong == []
    assert len(made) == 1
    assert len(waits) >= 6
    assert cache.content("k") == str(made[0])
    assert list((cache.path / "locks").iterdir()) == []


def run_all(work: Callable[[int], None], number: int) -> None:
    failed: list[BaseException] = []

    def one(which: int) -> None:
        try:
            work(which)
        except BaseException as error:  # noqa: BLE001 (told below)
            failed.append(error)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    assert not any(thread.is_alive() for thread in threads)


def test_builds_and_removals_at_once(cache: Cache) -> None:
    """What a build holds is there until it is done, whoever removes old layers meanwhile."""
    stop = threading.Event()
    taken: list[Path] = []
    kept: list[tuple[int, int, str]] = []

    def remove() -> None:
        for number in count():
            if stop.is_set():
                return
            trash = cache.folder / f"trash{number}"
            trash.mkdir()
            taken.extend(p for p in cache.store().too_much(0) if take_out(p, trash / p.name))

    def build(number: int) -> None:
        for turn in range(40):
            store = cache.store()
            for key in ("a", "b", "c"):
                with store.making(key, lambda: None):
                    if store.use(key) is None:
                        store.keep(layer(key, boot=boot_id()), cache.tree(key))
                        kept.append((number, turn, key))
            assert [cache.content(key) for key in "abc"] == ["a", "b", "c"]
            store.used([layer(key) for key in "abc"])
            release(store)

    (cache.path / "layers").mkdir(mode=0o700)
    remover = threading.Thread(target=remove)
    remover.start()
    try:
        run_all(build, 4)
    finally:
        stop.set()
        remover.join(30)
    assert taken
    assert len(kept) >= len(taken)
