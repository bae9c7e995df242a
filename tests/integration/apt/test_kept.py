"""Indexes and packages that are kept between builds: when the archive is asked, and when not.

Each build has a cache of its own, with what is kept of another's: so nothing but that is shared.
"""

from __future__ import annotations

import filecmp
import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from users import User

pytestmark = pytest.mark.integration

RECIPE = """\
from vmdsl import *

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(GiB(1))))))

@step
def system() -> RootFs:
    return system_from(root(), {tarball!r}, suite="bookworm")

@step
def packages() -> None:
    create_file(system(), "/etc/apt/sources.list", "")
    apt_source(system(), Source(name="acme", uris=[{uri!r}], suites=["moving"], keyring={key!r}))
    apt(system(), "mover")
"""


@dataclass
class Builds:
    """Builds of one recipe, whose archive changes meanwhile."""

    user: Any
    acme: Any
    folder: Path
    recipe: Path
    number: int = 0

    def offer(self, version: str) -> None:
        """Let the archive have this version of the package, and no other."""
        shutil.rmtree(self.acme.archive.root / "dists/moving", ignore_errors=True)
        for old in (self.acme.archive.root / "pool").glob("mover_*"):
            old.unlink()
        deb = self.acme.archive.deb("mover", version)
        self.acme.archive.suite("moving", self.acme.key, deb, fields=f"Version: {version}\n")

    def cache(self, of: Path | None = None) -> Path:
        """A new cache, with the indexes and packages of another one."""
        self.number += 1
        made = self.folder / f"cache{self.number}"
        self.run("mkdir", made)
        for name in ("archives", "debs") if of else ():
            self.run("cp", "-r", f"{of}/{name}", made)
        return made

    def run(self, *command: str | Path) -> None:
        done = self.user.run(*command)
        assert done.returncode == 0, done.stdout

    def command(self, cache: Path, *arguments: str) -> list[str]:
        output = f"{cache}.img"
        return self.user.vmdsl(  # type: ignore[no-any-return]  # it is the fixture's
            "build", self.recipe, "--host-tools", "-o", output, "--cache-dir", cache, *arguments
        )

    def build(self, cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        self.acme.served.clear()
        return subprocess.run(
            self.command(cache, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def image(self, cache: Path, *arguments: str) -> Path:
        done = self.build(cache, *arguments)
        assert done.returncode == 0, done.stdout
        return self.image_of(cache)

    def image_of(self, cache: Path) -> Path:
        return Path(f"{cache}.img")

    def state(self, cache: Path) -> Path:
        (file,) = (cache / "archives").glob("*/state.json")
        return file


@pytest.fixture(scope="module")
def builds(user: User, base: Any, acme: Any) -> Builds:
    folder = user.folder("kept")
    key = str(acme.folder / "acme.asc")
    text = RECIPE.format(tarball=str(base.tarball), uri=acme.address, key=key)
    return Builds(user, acme, folder, user.file(folder / "recipe.py", text))


@pytest.fixture(scope="module")
def cold(builds: Builds) -> Path:
    """The cache of a first build, when the archive had version 1.0."""
    builds.offer("1.0")
    cache = builds.cache()
    done = builds.build(cache, "--offline")
    assert done.returncode == 5, done.stdout
    assert "no index of bookworm acme with these sources is in the cache" in done.stdout
    assert "build once without --offline" in done.stdout

    builds.image(cache)
    assert "/pool/mover_1.0.deb" in builds.acme.served
    return cache


def test_what_is_kept_is_used_until_it_is_old_or_refreshed(
    builds: Builds, cold: Path, look: Any
) -> None:
    first = builds.image_of(cold)
    builds.offer("2.0")
    warm = builds.cache(cold)
    second = builds.image(warm)
    assert builds.acme.served == []
    assert filecmp.cmp(first, second, shallow=False), "a warm cache makes other bytes"

    offline = builds.cache(cold)
    state = json.loads(builds.state(offline).read_text("utf-8"))
    old = json.dumps({**state, "seen": time.time() - 25 * 60 * 60})
    builds.user.file(builds.state(offline), old)
    assert filecmp.cmp(first, builds.image(offline, "--offline"), shallow=False)

    builds.user.file(builds.state(offline), old)
    aged = builds.cache(offline)
    assert look(builds.image(aged)).installed()["mover"] == "2.0"

    refreshed = builds.cache(cold)
    assert look(builds.image(refreshed, "--refresh")).installed()["mover"] == "2.0"


def test_what_a_user_is_told_where_something_is_missing(builds: Builds, cold: Path) -> None:
    builds.offer("2.0")
    without = builds.cache(cold)
    builds.run("rm", "-r", without / "debs")
    done = builds.build(without)
    assert done.returncode == 5, done.stdout
    assert f"the mirror has no {builds.acme.address}/pool/mover_1.0.deb" in done.stdout
    assert "build with --refresh" in done.stdout

    offline = builds.cache(cold)
    builds.run("rm", "-r", offline / "debs")
    done = builds.build(offline, "--offline")
    assert done.returncode == 5, done.stdout
    assert "with --offline, packages are missing: mover_1.0_all.deb  [offline]\n" in done.stdout
    assert "build once without --offline" in done.stdout

    done = builds.build(offline, "--offline", "--refresh")
    assert done.returncode == 2, done.stdout
    assert "give one of them" in done.stdout


@pytest.mark.parametrize(
    "spoil", ["truncate -s 5", "truncate -s 0", "dd if=/dev/zero conv=notrunc"]
)
def test_a_spoilt_package_is_downloaded_again(builds: Builds, cold: Path, spoil: str) -> None:
    builds.offer("1.0")
    spoilt = builds.cache(cold)
    (kept,) = (spoilt / "debs").iterdir()
    content = kept.read_bytes()
    size = len(content)
    command = f"{spoil} bs={size} count=1 of={kept}" if "dd" in spoil else f"{spoil} {kept}"
    builds.run(*command.split())
    second = builds.image(spoilt)
    assert builds.acme.served == ["/pool/mover_1.0.deb"]
    assert filecmp.cmp(builds.image_of(cold), second, shallow=False)
    assert kept.read_bytes() == content


REACHING = """\
from vmdsl import *

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(GiB(1))))))

@step
def system() -> RootFs:
    return system_from(root(), {tarball!r}, suite="bookworm")

@step
def packages() -> None:
    chroot(system(), "bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}'")
"""


def test_offline_no_program_reaches_the_network(user: Any, base: Any, acme: Any) -> None:
    folder = user.folder("reaching")
    text = REACHING.format(tarball=str(base.tarball), port=acme.address.rpartition(":")[2])
    recipe = user.file(folder / "recipe.py", text)
    output = folder / "out.img"
    offline = user.build(recipe, "--output", output, "--no-cache", "--offline")
    assert offline.returncode == 5, offline.stdout
    assert "Connection refused" in offline.stdout  # the sandbox has a 127.0.0.1 of its own
    online = user.build(recipe, "--output", output, "--no-cache")
    assert online.returncode == 0, online.stdout


AHEAD = """\
from vmdsl import *

@step
def system() -> RootFs:
    root = mount(mkext4(mkpart(mkmsdos(mkimg(GiB(1))))))
    return debootstrap(root, suite="bookworm", variant="minbase")

@step
def packages() -> None:
    apt(system(), "tree", recommends=False)
    apt(system(), "no-such-package")
"""


def test_packages_of_later_steps_are_there_after_the_bootstrap(user: Any) -> None:
    folder = user.folder("ahead")
    recipe = user.file(folder / "recipe.py", AHEAD)
    words = ("--host-tools", "--output", folder / "a.img")
    done = user.build(recipe, *words, "--cache-dir", folder / "cache")
    assert "there is no package no-such-package" in done.stdout
    (log,) = (folder / "cache/logs").iterdir()
    before, _, after = log.read_text("utf-8").partition("install --no-install-recommends tree")
    assert before.count("--download-only") == 1
    assert "Need to get 0 B/" in after
