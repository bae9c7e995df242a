"""Why an operation is done again, in the words of its recipe."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from plans import description_of, plan_of
from vmdsl.builder.cache.answers import digest_of_answers
from vmdsl.builder.cache.archives import Archives, State
from vmdsl.builder.cache.cache_dir import CacheDir, CacheOptions
from vmdsl.builder.cache.checksums import digest
from vmdsl.builder.cache.forecast import Description, Expected, expect, forecast, note_build
from vmdsl.builder.cache.keys import Inputs
from vmdsl.builder.cache.reasons import why
from vmdsl.builder.cache.store import Layer, Store, base_of, boot_id, key_of
from vmdsl.plan.lay_out import lay_out

HEAD = """\
from vmdsl import *

@step
def table() -> Gpt:
    return mkgpt(mkimg(MiB({size})))

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(200))))

@step
def system() -> RootFs:
    return RootFs(mounted=root(), suite=Suite("bookworm"), arch=Arch.AMD64)

"""
CURL = 'apt(system(), "openssh-server", "curl")'
APT = 'apt(system(), "openssh-server")'
MOTD = 'copy_file(system(), "motd.txt", "/etc/motd")'
OVERLAY = 'copy_tree(system(), "overlay", "/")'
SCRIPT = 'chroot(system(), "one\\ntwo\\nthree\\n")'
EXISTS = 'path_exists(system(), "/etc")'
FSTAB = "fstab(system())"
HIDDEN = 'create_file(system(), "/s", Secret.from_environment("TOKEN"))'


class Past:
    """A cache in which a recipe was built."""

    def __init__(self, folder: Path) -> None:
        self.cache = CacheDir(path=folder / "cache")
        self.folder = folder / "recipe"
        (self.folder / "overlay").mkdir(parents=True)
        (self.folder / "motd.txt").write_text("Hello\n", encoding="utf-8")
        (self.folder / "overlay/a").write_text("a\n", encoding="utf-8")
        self.cache.path.mkdir()
        self.seen: tuple[State, ...] = ()
        self.answers = ""

    def describe(self, calls: Sequence[str], *, size: int = 400, epoch: Any = None) -> Description:
        steps = [f"@step\ndef s{n}() -> None:\n    {call}\n" for n, call in enumerate(calls)]
        recipe = self.folder / "recipe.py"
        recipe.write_text(HEAD.format(size=size) + "\n".join(steps), encoding="utf-8")
        return description_of(plan_of(recipe), self.cache.path, epoch=epoch)

    def build(self, *calls: str, archive: int | None = None) -> list[str]:
        """Keep what a build would; operation number `archive` has seen an archive."""
        described = self.describe(calls)
        note_build(described, self.cache)
        store, key, keys = Store(self.cache), digest(described.start), []
        for number, inputs in enumerate((*described.operations, described.cleaning)):
            base = base_of(key, digest(inputs))
            seen = self.seen if number == archive else ()
            if seen:
                store.note_seen(base, seen, self.folder)
            key = key_of(base, seen)
            part = self.folder / f"part{number}"
            part.mkdir()
            about = {"summary": "", "step": "", "recipe": "", "size": 1, "boot": boot_id()}
            store.keep(Layer(key=key, **about), part)  # type: ignore[arg-type]
            keys.append(key)
        return keys

    def expect(self, *calls: str, **how: Any) -> tuple[Expected, ...]:
        archives = Archives(self.cache.archives, CacheOptions(), time.time(), self.answers)
        return forecast(self.describe(calls, **how), cache=self.cache, archives=archives).operations

    def reason(self, *calls: str, **how: Any) -> tuple[int, str]:
        """Which operation is the first that is done again, and why."""
        expected = self.expect(*calls, **how)
        cached = [one.how for one in expected]
        assert len(expected) == len(calls)
        number = cached.index("") if "" in cached else len(cached)
        assert not any(cached[number:])
        reasons = [one.reason for one in expected]
        assert not any(reasons[:number] + reasons[number + 1 :])
        return number, reasons[number] if number < len(reasons) else ""


@pytest.fixture
def past(tmp_path: Path) -> Past:
    return Past(tmp_path)


def test_nothing_was_built_yet(past: Past) -> None:
    assert past.reason(APT, MOTD) == (0, "this recipe has not been built yet")
    described = past.describe([APT])
    assert expect(described.plan, cache=past.cache) == ()


def test_nothing_has_changed(past: Past) -> None:
    past.build(APT, MOTD, SCRIPT)
    assert past.expect(APT, MOTD, SCRIPT) == (Expected(how="cached"),) * 3
    assert expect(past.describe([APT, MOTD, SCRIPT]).plan, cache=past.cache) == (
        (Expected(how="cached"),) * 3
    )


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (APT, CURL, "argument `packages` changed: + curl"),
        (CURL, APT, "argument `packages` changed: - curl"),
        (CURL, CURL.replace("curl", "wget"), "argument `packages` changed: + wget, - curl"),
        (MOTD, MOTD.replace("/etc/motd", "/x"), "argument `path` changed: /etc/motd → /x"),
        (MOTD, MOTD[:-1] + ", mode=0o600)", "argument `mode` changed: None → 0o600"),
        (SCRIPT, SCRIPT.replace("two", "2"), "argument `script` changed: + 2, - two"),
        (SCRIPT, SCRIPT.replace("two", "2" * 80), f"argument `script` changed: + {'2' * 58}…"),
        (MOTD, OVERLAY, "it replaces CopyFile"),
        (EXISTS, EXISTS.replace("etc", "srv"), "argument `path` changed: /etc → /srv"),
    ],
)  # fmt: skip
def test_an_argument(past: Past, before: str, after: str, reason: str) -> None:
    past.build(MOTD, before, FSTAB)
    assert past.reason(MOTD, after, FSTAB) == (1, reason)


def test_two_arguments(past: Past) -> None:
    past.build(MOTD)
    number, reason = past.reason(MOTD[:-1].replace("/etc/motd", "/x") + ", uid=1)")
    assert number == 0
    assert reason == "argument `path` changed: /etc/motd → /x; argument `uid` changed: 0 → 1"


def test_the_order_of_an_argument(past: Past) -> None:
    past.build(CURL)
    other = 'apt(system(), "curl", "openssh-server")'
    number, reason = past.reason(other)
    assert (number, reason) == (0, "argument `packages` changed: the order")


def test_files(past: Past) -> None:
    past.build(APT, MOTD, OVERLAY)
    (past.folder / "motd.txt").write_text("Bye\n", encoding="utf-8")
    assert past.reason(APT, MOTD, OVERLAY) == (1, "file motd.txt changed")
    (past.folder / "motd.txt").write_text("Hello\n", encoding="utf-8")
    (past.folder / "overlay/new").touch()
    assert past.reason(APT, MOTD, OVERLAY) == (2, "file overlay/new is new")
    (past.folder / "overlay/new").rename(past.folder / "overlay/a")
    assert past.reason(APT, MOTD, OVERLAY) == (2, "file overlay/a changed")
    (past.folder / "overlay/a").unlink()
    assert past.reason(APT, MOTD, OVERLAY) == (2, "file overlay/a was removed")


def test_inserted_removed_and_moved(past: Past) -> None:
    past.build(APT, MOTD, SCRIPT)
    assert past.reason(APT, OVERLAY, MOTD, SCRIPT) == (1, "it is new")
    assert past.reason(APT, MOTD, SCRIPT, OVERLAY) == (3, "it is new")
    assert past.reason(APT, SCRIPT) == (1, "CopyFile before it was removed")
    assert past.reason(MOTD, SCRIPT) == (0, "Apt before it was removed")
    number, reason = past.reason(MOTD, APT, SCRIPT)
    assert number == 0
    assert reason == "Apt comes after it now"
    assert past.reason(APT, MOTD) == (2, "")


def test_a_layer_that_is_gone(past: Past) -> None:
    keys = past.build(APT, MOTD, SCRIPT)
    (past.cache.layers / keys[1]).rename(past.folder / "gone")
    assert past.reason(APT, MOTD, SCRIPT) == (1, "its layer is not in the cache")


def test_what_all_depend_on(past: Past) -> None:
    past.build(APT)
    assert past.reason(APT, epoch=5) == (0, "changed: SOURCE_DATE_EPOCH")


def test_the_layout(past: Past) -> None:
    past.build(APT, FSTAB)
    assert past.reason(APT, FSTAB, size=500) == (1, "the disk's layout changed")


def test_secrets_and_what_cannot_be_known(past: Past) -> None:
    past.build(APT)
    unknown = past.describe([APT, 'host_shell(root(), "true")', MOTD])
    archives = Archives(past.cache.archives, CacheOptions(), time.time())
    found = forecast(unknown, cache=past.cache, archives=archives).operations
    reason = "what it reads of this machine is not known"
    assert found == (Expected(how="cached"), Expected(reason=reason), Expected())
    plan = past.describe([APT, HIDDEN]).plan
    found = expect(plan, cache=past.cache)
    assert found[1] == Expected(reason="it has a secret, which only a build reads")


def test_the_state_of_an_archive(past: Past) -> None:
    lists = past.cache.archives

    def note(hash_: str, seen: float) -> State:
        state = State(sources="abc", name="trixie", hash=hash_, seen=seen)
        (lists / "abc" / hash_).mkdir(parents=True, exist_ok=True)
        (lists / "abc/state.json").write_text(json.dumps(vars(state)), encoding="utf-8")
        return state

    past.seen = (note("1" * 64, time.time()),)
    past.build(MOTD, APT, archive=1)
    assert past.reason(MOTD, APT) == (2, "")
    note("2" * 64, time.time())
    assert past.reason(MOTD, APT) == (1, "the archive state of trixie changed")
    note("1" * 64, time.time() - 2 * 24 * 3600)
    assert past.reason(MOTD, APT) == (1, "the archive state of trixie must be looked up again")
    (lists / "abc/state.json").unlink()
    assert past.reason(MOTD, APT) == (1, "no state of the archive trixie is kept")


def test_programs_that_ask_which_disk_they_are_on(past: Past) -> None:
    """Only what has asked is done again, when the answer is another."""
    past.seen = (State(sources="", name="the disk", hash="one", seen=0),)
    past.answers = "one"
    past.build(MOTD, SCRIPT, archive=1)
    assert past.reason(MOTD, SCRIPT) == (2, "")
    past.answers = "two"
    assert past.reason(MOTD, SCRIPT) == (1, "its programs ask where / is, which changed")


def test_the_answers_depend_on_names_and_no_size(past: Past) -> None:
    def answers(size: int = 400, seed: str = "") -> str:
        plan = past.describe([SCRIPT], size=size).plan
        layout, problems = lay_out(plan.operations, recipe="r", seed=seed)
        assert layout is not None, problems
        return digest_of_answers(layout, plan.image_operations)

    assert answers() == answers(size=500)
    assert answers() != answers(seed="other")


def inputs(**more: Any) -> Inputs:
    parts = {"operation": "Own", "arguments": {}, "files": {}, "programs": {}, "code": {}}
    return {**parts, **more}


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        (inputs(programs={"sh": [1]}), inputs(programs={"sh": [2]}), "program sh changed"),
        (inputs(code={"a.py": "1"}), inputs(code={"a.py": "2"}), "code a.py changed"),
        (inputs(code={}), inputs(code={"a.py": "2"}), "code a.py is new"),
        (inputs(arguments={"a": 1}), inputs(arguments={}), "argument `a` was removed"),
        (inputs(arguments={"a": {}}), inputs(arguments={"a": {"b": 1}}), "argument `a` changed"),
        (None, inputs(), "it is new"),
        (inputs(other=1), inputs(other=2), "it changed"),
    ],
)  # fmt: skip
def test_other_reasons(before: Inputs | None, now: Inputs, reason: str) -> None:
    start: Inputs = {"vmdsl": "1"}
    assert why([start, before], [start, now], 1) == reason


@pytest.mark.parametrize(
    "record",
    ["", "{", "{}", "[]", "[null]", "[{}]", "[3]", '["x", "y"]', "[{}, 3]", '[{"a": 1}, {}, {}]'],
)  # fmt: skip
def test_a_broken_record(past: Past, record: str) -> None:
    past.build(APT, MOTD)
    (file,) = past.cache.recipes.iterdir()
    file.write_text(record, encoding="utf-8")
    assert past.reason(CURL, MOTD)[0] == 0
