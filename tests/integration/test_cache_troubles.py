"""Caches in odd places, caches that fill their disk, and processes killed while they write them."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from users import IS_ROOT, User
from vmdsl.builder.cache.cache_dir import CacheDir
from vmdsl.builder.cache.store import Layer, Store, boot_id

pytestmark = pytest.mark.integration

only_root = pytest.mark.skipif(not IS_ROOT, reason="only root can mount filesystems")

RECIPE = """\
from vmdsl import *

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(MiB(200))))))

@step
def first() -> None:
    host_shell(root(), 'yes 1 | head -c 8M >"$ROOT/first"', inputs=[])

@step
def second() -> None:
    host_shell(root(), '''{script}''', inputs=[])

@step
def third() -> None:
    host_shell(root(), 'echo 3 >"$ROOT/third"', inputs=[])
"""
SMALL = 'echo 2 >"$ROOT/second"'
#: The first fails, and the second does not, but leaves no room to keep what it made.
FAILS = 'yes 2 | head -c 90M >"$ROOT/second"'
FILLS = 'rm "$ROOT/first"; yes 2 | head -c 90M >"$ROOT/second" || :'


class Recipe:
    """A recipe with a folder and a cache of its own."""

    def __init__(self, user: User, cache: Path | None = None) -> None:
        self.user = user
        self.folder = user.folder("cache-troubles")
        self.cache = cache or self.folder / "cache"
        self.image = self.folder / "recipe.img"

    def build(self, script: str = SMALL, *, code: int = 0) -> str:
        self.image.unlink(missing_ok=True)
        recipe = self.user.file(self.folder / "recipe.py", RECIPE.format(script=script))
        words = ("--host-tools", "--cache-dir", self.cache)  # an index would fill small disks
        done = self.user.build(recipe, "-o", self.image, *words)
        assert done.returncode == code, done.stdout
        assert "Traceback" not in done.stdout
        assert "bug in vmdsl" not in done.stdout
        assert self.image.exists() == (code == 0)
        if (self.cache / "builds").exists():
            assert list((self.cache / "builds").iterdir()) == []
        return done.stdout

    def content(self) -> str:
        return hashlib.sha256(self.image.read_bytes()).hexdigest()


@contextmanager
def mounted(place: Path, *arguments: str | Path) -> Iterator[Path]:
    subprocess.run(["mount", *arguments, place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@contextmanager
def memory(user: User, size: str) -> Iterator[Path]:
    """A tmpfs that belongs to the user."""
    account = pwd.getpwnam(user.name)
    options = f"size={size},uid={account.pw_uid},gid={account.pw_gid},mode=700"
    with mounted(user.folder("memory"), "-t", "tmpfs", "-o", options, "tmpfs") as place:
        yield place


@pytest.fixture(scope="module")
def right(user: User) -> str:
    """What the image must be, wherever its cache was."""
    recipe = Recipe(user)
    recipe.build()
    return recipe.content()


@only_root
def test_a_cache_in_memory_and_the_image_elsewhere(user: User, right: str) -> None:
    with memory(user, "200M") as place:
        recipe = Recipe(user, place / "cache")
        assert recipe.build().count("(cached)") == 0
        assert recipe.content() == right
        assert recipe.build().count("(cached)") == 4
        assert recipe.content() == right


@only_root
def test_a_cache_on_overlayfs(user: User) -> None:
    """As in a container: it can't hold layers, and that is said before anything is built."""
    folder = user.folder("overlay")
    for name in ("lower", "upper", "work", "merged"):
        (folder / name).mkdir()
    options = f"lowerdir={folder}/lower,upperdir={folder}/upper,workdir={folder}/work"
    with mounted(folder / "merged", "-t", "overlay", "-o", options, "overlay") as place:
        account = pwd.getpwnam(user.name)
        os.chown(place, account.pw_uid, account.pw_gid)
        said = Recipe(user, place / "cache").build(code=4)
        assert "The cache is on overlayfs, as in a container" in said
        assert "Set VMDSL_CACHE or --cache-dir to a directory on ext4, xfs or btrfs" in said
        assert "nothing was built" in said
        vmdsl = user.checkout / ".venv/bin/vmdsl"
        done = user.run(vmdsl, "doctor", "--cache-dir", place / "cache")
        assert done.returncode == 4
        assert "The cache is on overlayfs" in done.stdout


@only_root
@pytest.mark.parametrize("script", [FAILS, FILLS])
def test_a_disk_that_gets_full_while_a_layer_is_written(
    user: User, right: str, script: str
) -> None:
    with memory(user, "60M") as place:
        recipe = Recipe(user, place / "cache")
        said = recipe.build(script, code=4)
        assert "; step second (" in said
        assert f"there is no space left in {recipe.cache.relative_to(user.home)}" in said
        layers = Store(CacheDir(path=recipe.cache)).entries()
        assert [layer.step for _, layer, _ in layers if layer] == ["first"]
        assert len(layers) == 1
        assert recipe.build().count("(cached)") == 1
        assert recipe.content() == right


@only_root
def test_a_disk_that_gets_full_while_a_tree_is_kept(user: User) -> None:
    with memory(user, "60M") as place:
        recipe = Recipe(user, place / "cache")
        text = RECIPE.format(script='yes 2 | head -c 32M >"$ROOT/second"; exit 3')
        path = user.file(recipe.folder / "recipe.py", text)
        words = ("--host-tools", "--cache-dir", recipe.cache, "--on-error", "keep")
        done = user.build(path, "-o", recipe.image, *words)
        assert done.returncode == 5
        assert "exit code 3" in done.stdout
        assert "the tree could not be kept: " in done.stdout
        assert "No space left on device" in done.stdout
        assert not (recipe.cache / "kept").exists()
        assert list((recipe.cache / "builds").iterdir()) == []


#: Keeps a layer, and is killed before one of the steps that this takes.
KEEP = """
import json, os, signal, sys
from pathlib import Path
from vmdsl.builder.cache.cache_dir import CacheDir
from vmdsl.builder.cache.store import Layer, Store

cache, number = CacheDir(path=Path(sys.argv[1])), int(sys.argv[2])
layer = Layer(**json.loads(sys.argv[3]))
space = Path(sys.argv[4])
(space / "001.part").mkdir()
(space / "001.part/file").write_text("content")
store = Store(cache)

def kill(event, arguments):
    global number
    if event in ("open", "os.mkdir", "os.rename", "fcntl.flock", "os.remove", "os.utime"):
        number -= 1
        if number < 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(kill)
store.keep(layer, space / "001.part")
"""


@pytest.mark.parametrize("before", ["nothing", "a broken one"])
def test_killed_at_each_step_of_keeping_a_layer(tmp_path: Path, before: str) -> None:
    """There is no layer under the key, or all of it; and what follows works."""
    layer = Layer(key="a" * 64, summary="s", step="t", recipe="/r.py", size=1, boot=boot_id())
    data = json.dumps({name: getattr(layer, name) for name in layer.__dataclass_fields__})
    number, found = 0, []
    while True:
        cache, space = tmp_path / f"cache{number}", tmp_path / f"space{number}"
        place = cache / "layers" / layer.key
        cache.mkdir()
        space.mkdir()
        if before == "a broken one":
            (place / "tree").mkdir(parents=True)
            (place / "meta.json").write_text("{")
        done = subprocess.run(
            [sys.executable, "-c", KEEP, cache, str(number), data, space],
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert done.returncode in {0, -signal.SIGKILL}, done.stderr
        store = Store(CacheDir(path=cache))
        found.append(store.use(layer.key) is not None)
        if found[-1]:
            assert (place / "tree/file").read_text() == "content"
        again = tmp_path / f"again{number}"
        again.mkdir()
        (again / "file").write_text("content")
        kept = store.keep(layer, again)
        assert (store.place(kept) / "file").read_text() == "content"
        if done.returncode == 0:
            break
        number += 1
    assert number > 4
    assert found[0] is False
    assert found[-1] is True
