"""`vmdsl cache`: what it shows, what it removes, and what it leaves to running builds."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration

IS_ROOT = os.geteuid() == 0
only_root = pytest.mark.skipif(not IS_ROOT, reason="this run is not root's")

RECIPE = """\
from vmdsl import *

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(MiB(200))))))

@step
def large() -> None:
    host_shell(
        root(),
        'yes NAME | head -c 8M >"$ROOT/NAME"; ln "$ROOT/NAME" "$ROOT/link"; '
        'mkdir -m 700 "$ROOT/of-ann"; cp "$ROOT/NAME" "$ROOT/of-ann"; chown -R 1000 "$ROOT/of-ann"',
        inputs=[],
    )

@step
def after() -> None:
    host_shell(root(), 'echo NAME >"$ROOT/after"', inputs=[])
"""
WAITING = """
@step
def wait() -> None:
    host_shell(root(), 'touch FOLDER/waits; while [ ! -e FOLDER/go ]; do sleep 0.05; done')
"""


class Cache:
    """A cache of one's own, and the commands that use it."""

    def __init__(self, user: Any) -> None:
        self.user = user
        self.folder: Path = user.folder("cache-command")
        self.path = self.folder / "cache"

    def build_argv(self, name: str, more: str = "") -> list[str]:
        text = RECIPE.replace("NAME", name) + more.replace("FOLDER", str(self.folder))
        recipe = self.user.file(self.folder / f"{name}.py", text)
        image = recipe.with_suffix(".img")
        words = ("--host-tools", "--cache-dir", self.path)  # nothing but what is built is in it
        argv: list[str] = self.user.vmdsl("build", recipe, "-o", image, *words)
        return argv

    def build(self, name: str) -> str:
        self.folder.joinpath(f"{name}.img").unlink(missing_ok=True)
        return self._output(self.build_argv(name), 0)

    def run(self, *arguments: str, code: int = 0) -> str:
        return self._output(self.user.vmdsl("cache", *arguments, "--cache-dir", self.path), code)

    def _output(self, argv: list[str], code: int) -> str:
        done = subprocess.run(
            argv,
            cwd=self.user.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout
        assert "Traceback" not in done.stdout
        assert "bug in vmdsl" not in done.stdout
        return done.stdout

    def entries(self, kind: str) -> list[dict[str, Any]]:
        found = json.loads(self.run("show", "--json"))["entries"]
        return [entry for entry in found if entry["kind"] == kind]

    @contextmanager
    def building(self, name: str) -> Iterator[Callable[[], str]]:
        """A build that waits in a step of its own until it is told to finish."""
        process = subprocess.Popen(
            self.build_argv(name, WAITING),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        limit = time.monotonic() + 60
        while not (self.folder / "waits").exists():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < limit
            time.sleep(0.02)

        def finish() -> str:
            self.user.file(self.folder / "go", "")
            said, _ = process.communicate(timeout=60)
            assert process.returncode == 0, said
            return str(said)

        try:
            yield finish
        finally:
            process.kill()
            process.communicate()


@pytest.fixture
def cache(user: Any) -> Cache:
    return Cache(user)


def test_a_cache_that_is_not_there(cache: Cache) -> None:
    for command in (["show"], ["show", "--all"]):
        assert cache.run(*command).endswith("/cache: empty\n")
    assert json.loads(cache.run("show", "--json"))["entries"] == []
    assert cache.run("prune") == "removed 0 entries, 0 B; 0 B left\n"
    assert cache.run("clear") == "removed 0 entries, 0 B; 0 B left\n"
    assert not cache.path.exists()


def test_a_cache_that_is_a_file(cache: Cache) -> None:
    cache.user.file(cache.path, "")
    for command in (["show"], ["prune"], ["clear"]):
        assert "can't be read: " in cache.run(*command, code=4)
    assert "no tree is kept as x" in cache.run("remove", "x", code=2)


def test_what_is_shown(cache: Cache) -> None:
    cache.build("one")
    layers = cache.entries("layers")
    what = {layer["about"].partition(" 'yes")[0][:30]: layer["size"] for layer in layers}
    assert len(layers) == 3
    large = next(size for about, size in what.items() if about.startswith("one.py large: "))
    assert 16 << 20 <= large < 17 << 20  # a file with two names, and one that only 1000 may read
    assert any(about.startswith("one.py after: ") for about in what)
    assert not any(layer["broken"] for layer in layers)
    said = cache.run("show").splitlines()
    assert said[0].startswith(f"{cache.path.relative_to(cache.path)}") or str(cache.path) in said[0]
    assert [line.split()[:2] for line in said if line.startswith("layers")] == [["layers", "3"]]
    listed = cache.run("show", "--all")
    assert "one.py after: host shell: echo one" in listed
    assert f"  {Path(layers[0]['path']).name[:12]}…" in listed


def test_prune_removes_what_was_used_longest_ago(cache: Cache) -> None:
    cache.build("one")
    time.sleep(0.05)
    cache.build("two")
    said = cache.run("prune", "--size", "24M")
    assert said.startswith("removed "), said
    assert {layer["about"].split()[0] for layer in cache.entries("layers")} == {"two.py"}
    assert cache.build("two").count("(cached)") == 3
    assert cache.build("one").count("(cached)") == 0
    assert list((cache.path / "builds").iterdir()) == []


def test_clear(cache: Cache) -> None:
    cache.build("one")
    assert "; 0 B left\n" in cache.run("clear")
    left = [path for path in cache.path.rglob("*") if not path.is_dir()]
    assert left == []
    assert cache.build("one").count("(cached)") == 0


@only_root
def test_root_clears_the_cache_of_a_user(cache: Cache, root_user: Any) -> None:
    cache.build("one")
    done = root_user.run(
        root_user.checkout / ".venv/bin/vmdsl", "cache", "clear", "--cache-dir", cache.path
    )
    assert "; 0 B left\n" in done.stdout
    cache.build("one")


@pytest.mark.parametrize("command", [["clear"], ["prune", "--size", "0"]])
def test_what_a_running_build_uses_stays(cache: Cache, command: list[str]) -> None:
    cache.build("one")
    cache.build("two")
    with cache.building("one") as finish:
        said = cache.run(*command)
        assert "in use by running builds\n" in said
        assert {layer["about"].split()[0] for layer in cache.entries("layers")} == {"one.py"}
        assert finish().count("(cached)") == 2
    assert cache.entries("unfinished builds") == []


def test_what_a_killed_build_has_left(cache: Cache) -> None:
    with cache.building("one"):
        pass
    limit = time.monotonic() + 5
    while len(cache.entries("unfinished builds")) != 1:
        assert time.monotonic() < limit
    time.sleep(0.5)  # its sandbox ends after it
    assert cache.run("prune").startswith("removed 1 entry, ")
    assert cache.entries("unfinished builds") == []
    assert len(cache.entries("layers")) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": 1}', "\0\0"])
def test_a_broken_layer(cache: Cache, text: str) -> None:
    cache.build("one")
    (broken,) = [e for e in cache.entries("layers") if "one.py after:" in e["about"]]
    cache.user.file(Path(broken["path"]) / "meta.json", text)
    assert "1 entry unusable, " in cache.run("show")
    assert "unusable" in cache.run("show", "--all")
    assert cache.run("prune").startswith("removed 1 entry, ")
    assert len(cache.entries("layers")) == 2
    assert cache.build("one").count("(cached)") == 2


@only_root
def test_a_cache_of_somebody_else(cache: Cache, root_user: Any) -> None:
    cache.path.mkdir(mode=0o755)
    other = cache.path / "kept"
    (other / "x/tree").mkdir(parents=True)
    assert "kept trees" in cache.run("show")
    for command in ("prune", "clear"):
        said = cache.run(command, code=4)
        assert "can't be changed: " in said
        assert "it belongs to root" in said
    other.chmod(0o700)
    assert "can't be read: " in cache.run("show", code=4)
    assert (other / "x/tree").exists()
    shutil.rmtree(cache.path)
    del root_user


def test_kept_trees_are_not_pruned(cache: Cache) -> None:
    text = RECIPE.replace("NAME", "one") + "    host_shell(root(), 'exit 3')\n"
    recipe = cache.user.file(cache.folder / "fails.py", text)
    words = ("--host-tools", "--on-error", "keep", "--cache-dir", cache.path)
    cache.user.build(recipe, *words)
    said = cache.run("prune", "--size", "1M")
    assert "That is more than 1 MiB" in said
    (kept,) = cache.entries("kept trees")
    assert kept["about"].startswith("fails.py: step after: the command failed")
    assert 16 << 20 <= kept["size"] < 17 << 20
    cache.run("remove", Path(kept["path"]).name)
    assert cache.entries("kept trees") == []
