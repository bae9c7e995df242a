"""Builds that take layers from the cache: the same images, nothing done twice, nothing left out."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from users import User

pytestmark = pytest.mark.integration

#: A system that has a few of this machine's programs, of which a layer is kept.
HEAD = """\
from vmdsl import *

PROGRAMS = '''
cd "$ROOT"; mkdir -p usr/bin usr/sbin etc proc sys dev run tmp srv opt; ln -s usr/bin bin
for name in sh cat chmod chown cp ln ls mkdir mv rm sleep touch; do
    file=/usr/bin/$name; cp -L "$file" usr/bin/$name
    for library in $(ldd "$file" | grep -o '/[^ ]*'); do
        [ -e ".$library" ] || { mkdir -p ".${library%/*}"; cp -L "$library" ".$library"; }
    done
done
'''

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(MiB(64))))))

@step
def system() -> RootFs:
    host_shell(root(), PROGRAMS, inputs=())
    return RootFs(mounted=root(), suite=Suite("bookworm"), arch=Arch.AMD64)

"""

#: Nothing is fetched into the caches, which are new.
OWN = ("--host-tools",)


class Recipe:
    """A recipe of some calls, and what its builds say and do. Its cache is its own."""

    def __init__(self, user: User, *calls: str, head: str = HEAD) -> None:
        self.folder = user.folder("layers")
        self.user = replace(user, cache=user.folder("cache") / "cache")
        self.output = self.folder / "recipe.img"
        self.head = head
        self.said = ""
        self.calls(*calls)

    def calls(self, *calls: str) -> None:
        """Have other steps, one for each call."""
        steps = (f"@step\ndef s{n}() -> None:\n    {call}\n" for n, call in enumerate(calls))
        self.path = self.user.file(self.folder / "recipe.py", self.head + "\n".join(steps))

    def file(self, name: str, content: str) -> Path:
        return self.user.file(self.folder / name, content)

    def build(self, *arguments: str | Path, code: int = 0) -> Recipe:
        done = self.user.build(self.path, *OWN, "--output", self.output, *arguments)
        self.said = done.stdout
        assert done.returncode == code, self.said
        assert "Traceback" not in self.said
        return self

    def sum(self) -> str:
        return hashlib.sha256(self.output.read_bytes()).hexdigest()

    def from_scratch(self) -> str:
        """The checksum of the image that is built without the cache."""
        other = self.folder / "scratch.img"
        done = self.user.build(self.path, *OWN, "--no-cache", "--output", other)
        assert done.returncode == 0, done.stdout
        found = hashlib.sha256(other.read_bytes()).hexdigest()
        other.unlink()
        return found

    def cached(self) -> list[bool]:
        """Of each operation on the tree and the cleaning, whether it was there."""
        lines = re.findall(r"^\[\d+/\d+\] (.*)$", self.said, re.MULTILINE)
        return [line.endswith("(cached)") for line in lines[:-2]]

    def log(self) -> str:
        """The log of the last build."""
        newest = max((self.user.cache / "logs").iterdir(), key=lambda path: path.stat().st_mtime)
        return newest.read_text(encoding="utf-8", errors="replace")

    def commands(self) -> str:
        """What the last build ran, by its log: first lines of the commands."""
        return "\n".join(line for line in self.log().splitlines() if line.startswith("+ "))

    def plan(self) -> list[tuple[bool, str]]:
        """Of each operation on the tree, whether it is there, and why it must be done."""
        done = self.user.run(self.user.checkout / ".venv/bin/vmdsl", "plan", self.path)
        assert done.returncode == 0, done.stdout
        found: list[tuple[bool, str]] = []
        for line in done.stdout.partition("The next build\n")[2].splitlines():
            if row := re.match(r"  \S+ \(line \d+\): (cached|to do), ", line):
                found.append((row[1] == "cached", ""))
            elif found and line.strip():
                found[-1] = (found[-1][0], line.strip())
        return found

    def layers(self) -> dict[str, Path]:
        """The directory of each layer in the cache, by its summary."""
        metas = (self.user.cache / "layers").glob("*/meta.json")
        return {json.loads(meta.read_bytes())["summary"]: meta.parent for meta in metas}

    def lose(self, layer: Path) -> None:
        """Let a layer be gone."""
        layer.rename(self.folder.parent / f"{self.folder.name}-{layer.name}")


# Random edits.

_NAMES = ("a", "b", "c")
#: Scripts that work in any tree. $1 and $2 are directories in /srv, $3 a number.
_SCRIPTS = (
    # New content, with hard links, modes and owners.
    (
        "[ -d $1 ] || { rm -rf $1; mkdir $1; }; rm -rf $1/d; mkdir -m 2750 $1/d; echo $3 >$1/d/f;"
        " ln -f $1/d/f $1/d/twin; chown $3:7 $1/d/f; chmod 4755 $1/d/f"
    ),
    # Something is gone; a directory is gone, and comes anew; it gets another name.
    "rm -rf $1/d/f $2/d",
    "rm -rf $1",
    "rm -rf $1; mkdir -m 700 $1; chown $3 $1; echo $3 >$1/new",
    "rm -rf $2/moved; if [ -e $1 ]; then rm -rf $2.moved; mv $1 $2.moved; fi",
    "if [ -d $1 ]; then mkdir -p $1/x/y; mv $1/x $1/z$3 && mv $1/z$3/y $1/y$3; fi",
    # A directory becomes a file, and a file a directory; a symlink takes the place of both.
    "rm -rf $1; echo $3 >$1",
    "rm -rf $1; mkdir -p $1/deep/deeper; echo $3 >$1/deep/deeper/f",
    "rm -rf $1; ln -s $2 $1",
    # What lower layers have is changed: content and attributes of one name of two, of directories.
    "for f in $1/d/f $1/new $1/deep/deeper/f; do if [ -f $f ]; then echo $3 >>$f; fi; done",
    "if [ -f $1/d/f ]; then ln -f $1/d/f $1/link$3; chmod 640 $1/d/twin; fi",
    "if [ -d $1 ]; then chmod 1777 $1; chown 0:$3 $1; fi; chmod 75$3 /srv",
)
_ATTRIBUTES = (
    "python3 -c 'import os, sys; from contextlib import suppress\n"
    "for path in sys.argv[2:]:\n"
    '    with suppress(FileNotFoundError): os.setxattr(path, "user.it", sys.argv[1].encode())\''
    ' {number} "$ROOT/srv/{first}" "$ROOT/srv/{second}/d/f" "$ROOT/srv"'
)


def random_call(dice: random.Random) -> str:
    """Any operation; each works whatever was before it."""
    first, second, number = dice.choice(_NAMES), dice.choice(_NAMES), dice.randrange(1, 6)
    place = f"system(), '/opt/{first}{second}/"
    kind = dice.randrange(20)
    if kind == 0:
        return f"create_file({place}f', 'x' * {number}, mode=0o64{number}, uid={number}, gid=9)"
    if kind == 1:
        return f"create_directory({place}d', mode=0o70{number}, uid={number})"
    if kind == 2:
        return f"create_symlink({place}l', '/srv/{number}')"
    if kind == 3:
        return f"copy_tree(system(), 'overlay', '/opt/{second}', uid={number})"
    if kind in {4, 5}:
        script = _ATTRIBUTES.format(number=number, first=first, second=second)
        return f"host_shell(root(), {script!r}, inputs=())"
    script = dice.choice(_SCRIPTS)
    for name, value in (("$1", f"/srv/{first}"), ("$2", f"/srv/{second}"), ("$3", str(number))):
        script = script.replace(name, value)
    return f"chroot(system(), {script!r})"


def random_edit(dice: random.Random, calls: list[str], recipe: Recipe) -> None:
    """Change something in the last half of a recipe more often than in the first."""
    place = max(dice.randrange(len(calls)), dice.randrange(len(calls))) if calls else 0
    match dice.randrange(6):
        case 0 | 1:
            calls.insert(place, random_call(dice))
        case 2 if len(calls) > 4:
            del calls[place]
        case 3:
            other = dice.randrange(len(calls))
            calls[place], calls[other] = calls[other], calls[place]
        case 4:
            recipe.file(f"overlay/{dice.choice(_NAMES)}", str(dice.random()))
        case _:
            calls[place] = random_call(dice)


@pytest.mark.parametrize(
    ("seed", "turns"), [(0, 6), *(pytest.param(n, 12, marks=pytest.mark.long) for n in range(1, 7))]
)
def test_random_edits(user: User, seed: int, turns: int) -> None:
    """From the cache comes the very image that is made from scratch, layers lost or not."""
    dice = random.Random(seed)  # noqa: S311 (no secret)
    recipe = Recipe(user)
    recipe.user.run("mkdir", recipe.folder / "overlay")
    recipe.file("overlay/a", "a\n")
    calls = [random_call(dice) for _ in range(7)]
    hits = 0
    for turn in range(turns):
        if turn:
            for _ in range(dice.randrange(1, 3)):
                random_edit(dice, calls, recipe)
        if turn % 4 == 3:
            recipe.lose(dice.choice(sorted(recipe.layers().values())))
        recipe.calls(*calls)
        hits += sum(recipe.build().cached())
        assert recipe.sum() == recipe.from_scratch(), f"edit {turn} of seed {seed}: {calls}"
    assert hits >= 3 * turns


# Several builds at once.

ARCHIVE = """\
from dataclasses import dataclass
from pathlib import Path
from vmdsl.language.effects import package_cache

@dataclass(frozen=True, kw_only=True, eq=False)
class Look(TreeOperation):
    reads_layout = False

    def apply(self, tree: Tree) -> None:
        def fetch(lists: Path) -> None:
            print("fetching", flush=True)
            text = (tree.recipe_directory / "release").read_text()
            (lists / "m_InRelease").write_text(text)

        cache = package_cache(tree)
        index = cache.archive("trixie", "deb http://mirror.example trixie main", fetch)
        print("working", flush=True)
        tree.write("/srv/index", (index / "m_InRelease").read_text())

"""
LOOK = "record(Look(root=system()))"


def marked(number: int) -> str:
    return f"chroot(system(), 'sleep 0.3; echo the mark {number} >>/srv/marks')"


def test_builds_at_once(user: User) -> None:
    """Layers and indexes that both need are made once; each waits no longer than for these.

    They start together, when each looks for what killed builds have left.
    """
    head = HEAD + ARCHIVE
    one, two = (Recipe(user, *map(marked, (1, 2, 3, n)), LOOK, head=head) for n in (4, 5))
    two.user = one.user
    for recipe in (one, two):
        recipe.file("release", "one")
    left = one.user.cache / "builds/left"
    done = one.user.run("mkdir", "-p", left)
    assert done.returncode == 0, done.stdout
    running = [
        subprocess.Popen(
            one.user.vmdsl("build", recipe.path, *OWN, "--output", recipe.output),
            cwd=one.user.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for recipe in (one, two)
    ]
    for recipe, process in zip((one, two), running, strict=True):
        recipe.said = process.communicate(timeout=120)[0]
        assert process.returncode == 0, recipe.said
    logs = [p.read_text(encoding="utf-8") for p in (one.user.cache / "logs").iterdir()]
    assert len(logs) == 2
    assert sum(log.count("fetching") for log in logs) == 1
    commands = [line for log in logs for line in log.splitlines() if line.startswith("+ ")]
    counts = [sum(f"the mark {n} " in line for line in commands) for n in range(1, 6)]
    assert counts == [1] * 5
    assert sum(line.startswith("+ sh -ec ") for line in commands) == 1  # the system itself
    assert sum(one.cached()) + sum(two.cached()) == 4
    assert len(one.layers()) == 4 + 2 + 1 + 1  # both look at the archive, and clean the tree
    for recipe in (one, two):
        assert recipe.sum() == recipe.from_scratch()
    assert list((one.user.cache / "locks").iterdir()) == []
    assert list((one.user.cache / "builds").iterdir()) == []


@pytest.mark.parametrize("turns", [5, pytest.param(30, marks=pytest.mark.long)])
def test_builds_that_are_killed(user: User, turns: int) -> None:
    """At any moment: the next build goes on with what was whole, and its image is right."""
    dice = random.Random(turns)  # noqa: S311 (no secret)
    recipe = Recipe(user, "chroot(system(), 'echo 0 >/srv/0')")
    recipe.build()
    recipe.calls("chroot(system(), 'echo 1 >/srv/0; sleep 0.1')")
    begun = time.monotonic()
    recipe.build()
    usual = time.monotonic() - begun  # of a machine that is as busy as it is now
    ends = []
    calls: list[str] = []
    for turn in range(turns):
        calls.insert(0, f"chroot(system(), 'echo {turn} >/srv/{turn}; sleep 0.1')")
        recipe.calls(*calls)
        process = subprocess.Popen(
            recipe.user.vmdsl("build", recipe.path, *OWN, "--output", recipe.output),
            cwd=recipe.user.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            ends.append(process.wait(timeout=dice.uniform(0.1, 0.9) * usual))
        except subprocess.TimeoutExpired:
            process.kill()
            ends.append(process.wait())
    assert -9 in ends
    assert set(ends) <= {0, -9}
    recipe.build()
    assert recipe.sum() == recipe.from_scratch()
    assert list((recipe.user.cache / "builds").iterdir()) == []
    # The locks of those that were killed are files that nobody holds; the layers are whole.
    assert all(layer.name == json.loads((layer / "meta.json").read_bytes())["key"]
               for layer in (recipe.user.cache / "layers").iterdir())  # fmt: skip
    assert all(recipe.build("--output", recipe.folder / "again.img").cached())


# What is done again, and why.


def test_the_plan_tells_why(user: User) -> None:
    calls = [
        "create_file(system(), '/srv/a', 'a')",
        "copy_file(system(), 'motd', '/etc/motd')",
        "chroot(system(), 'touch /srv/b')",
    ]
    recipe = Recipe(user, *calls)
    recipe.file("motd", "Hello\n")
    recipe.build()
    there = (True, "")
    to_do = (False, "")
    assert recipe.plan() == [there] * 4
    recipe.file("motd", "Bye\n")
    assert recipe.plan() == [there, there, (False, "file motd changed"), to_do]
    recipe.file("motd", "Hello\n")
    recipe.calls(calls[0].replace("'a')", "'b')"), *calls[1:])
    reason = "argument `content` changed: a → b"
    assert recipe.plan() == [there, (False, reason), to_do, to_do]
    recipe.calls(*calls)
    assert recipe.plan() == [there] * 4
    recipe.lose(recipe.layers()["copy motd to /etc/motd"])
    reason = "its layer is not in the cache"
    assert recipe.plan() == [there, there, (False, reason), to_do]
    recipe.build()
    assert recipe.cached() == [True, True, False, True, True]
    assert recipe.plan() == [there] * 4


def test_the_state_of_an_archive(user: User) -> None:
    """It is asked for once a day or with --refresh; only a new state makes new layers."""
    recipe = Recipe(user, LOOK, "chroot(system(), 'touch /srv/after')", head=HEAD + ARCHIVE)
    recipe.file("release", "one")
    first = recipe.build().sum()
    assert "fetching" in recipe.log()
    recipe.file("release", "two")
    recipe.output.unlink()
    assert recipe.build().cached() == [True] * 4
    assert recipe.sum() == first
    recipe.output.unlink()
    recipe.build("--refresh")
    assert recipe.cached() == [True, False, False, False]
    second = recipe.sum()
    assert second != first
    assert recipe.plan() == [(True, "")] * 3
    # The same again: it is fetched, and then the layer turns out to be there.
    recipe.output.unlink()
    recipe.build("--refresh")
    assert recipe.cached() == [True, False, True, True]
    assert "fetching" in recipe.log()
    assert "working" not in recipe.log()
    assert recipe.sum() == second
    # Back to the first state, whose layers are still there.
    recipe.file("release", "one")
    recipe.output.unlink()
    recipe.build("--refresh")
    assert recipe.cached() == [True, False, True, True]
    assert recipe.sum() == first
    # An old state is used without the network, and looked at again with it.
    (state,) = (recipe.user.cache / "archives").glob("*/state.json")
    about = json.loads(state.read_bytes())
    state.write_text(json.dumps({**about, "seen": about["seen"] - 3 * 24 * 3600}))
    reason = "the archive state of trixie must be looked up again"
    assert recipe.plan() == [(True, ""), (False, reason), (False, "")]
    recipe.output.unlink()
    assert recipe.build("--offline").cached() == [True] * 4
    # Another recipe of the same sources has seen another state.
    state.write_text(json.dumps({**about, "hash": "0" * 64}))
    (state.parent / ("0" * 64)).mkdir(exist_ok=True)
    reason = "the archive state of trixie changed"
    assert recipe.plan() == [(True, ""), (False, reason), (False, "")]


def test_a_failed_build_goes_on_where_it_failed(user: User) -> None:
    calls = [f"chroot(system(), 'echo the mark {n}; touch /srv/{n}')" for n in range(5)]
    recipe = Recipe(user, *calls[:3], "chroot(system(), 'exit 3')", *calls[3:])
    recipe.build(code=5)
    assert not recipe.output.exists()
    recipe.calls(*calls)
    recipe.build()
    assert recipe.cached() == [True, True, True, True, False, False, False]
    commands = recipe.commands()
    assert [f"the mark {n}" in commands for n in range(5)] == [False] * 3 + [True] * 2
    assert "+ sh -ec" not in commands
    assert recipe.sum() == recipe.from_scratch()


# The image that is there.


def _touch(image: Path) -> None:
    image.touch()


def _truncate(image: Path) -> None:
    os.truncate(image, 1000)


def _replace(image: Path) -> None:
    new = image.with_name("new")
    new.write_bytes(image.read_bytes())
    new.replace(image)


def _remove(image: Path) -> None:
    image.unlink()


def test_an_image_that_is_as_it_was_written(user: User) -> None:
    recipe = Recipe(user, "chroot(system(), 'touch /srv/x')")
    recipe.build()
    content = recipe.sum()

    def writes_again() -> bool:
        before = recipe.output.stat() if recipe.output.exists() else None
        recipe.build()
        after = recipe.output.stat()
        same = before is not None and (before.st_ino, before.st_mtime_ns, before.st_ctime_ns) == (
            after.st_ino, after.st_mtime_ns, after.st_ctime_ns
        )  # fmt: skip
        assert bool(recipe.cached()) is not same
        assert all(recipe.cached())
        assert recipe.sum() == content
        return not same

    assert not writes_again()
    changes: list[Callable[[Path], None]] = [_touch, _truncate, _replace, _remove]
    for change in changes:
        change(recipe.output)
        assert writes_again(), change
        assert not writes_again(), change
    recipe.lose(recipe.layers()["clean the tree"])
    recipe.build()  # the tree must be known to be the same
    assert recipe.cached() == [True, True, False]
    assert recipe.sum() == content


def test_a_file_that_changes_while_it_is_copied(user: User) -> None:
    """The layer is that of neither content, so it is not kept; nor is the image taken for good."""
    script = 'cp late "$ROOT/srv/late"; printf two >late'
    recipe = Recipe(user, f"host_shell(root(), {script!r}, inputs=('late',))")
    recipe.file("late", "one")
    recipe.build()
    assert "local files have changed meanwhile" in recipe.log()
    (summary,) = recipe.layers()
    assert summary.startswith("host shell: cd")  # the system itself
    recipe.file("late", "one")
    recipe.build()
    assert recipe.cached() == [True, False, False]


# Facts and secrets.


def test_facts_of_cached_layers(user: User) -> None:
    """What an operation decided when its layer was made holds when the layer is taken."""
    head = HEAD + (
        "@step\ndef there() -> Fact:\n    return path_exists(system(), '/srv')\n\n"
        "@step\ndef missing() -> Fact:\n    return path_exists(system(), '/nowhere')\n\n"
    )
    recipe = Recipe(
        user,
        "chroot(system(), 'touch /srv/never', unless=there())",
        "chroot(system(), 'touch /srv/always', unless=missing())",
        "chroot(system(), 'ls /srv >/srv/list')",
        head=head,
    )
    first = recipe.build().sum()
    assert "touch /srv/always" in recipe.commands()
    assert "touch /srv/never" not in recipe.commands()
    recipe.output.unlink()
    assert recipe.build().cached() == [True, True, True, False, True, True, True]
    assert "(skipped)" in recipe.said
    assert recipe.sum() == first == recipe.from_scratch()
    recipe.lose(recipe.layers()["see whether /srv exists"])
    recipe.output.unlink()
    recipe.build()
    assert recipe.cached() == [True, False, True, False, True, True, True]
    assert recipe.sum() == first


def test_a_tarball_that_is_there_the_second_time(user: User) -> None:
    head = HEAD.replace(
        "    host_shell(root(), PROGRAMS, inputs=())\n"
        '    return RootFs(mounted=root(), suite=Suite("bookworm"), arch=Arch.AMD64)\n',
        "    there = unpack_rootfs(root(), 'system.tar')\n"
        "    host_shell(root(), PROGRAMS, inputs=(), unless=there)\n"
        '    made = RootFs(mounted=root(), suite=Suite("bookworm"), arch=Arch.AMD64)\n'
        "    cache_rootfs(made, 'system.tar', unless=there)\n"
        "    return made\n",
    )  # fmt: skip
    recipe = Recipe(user, "chroot(system(), 'ls -R /srv /bin/ >/srv/list')", head=head)
    recipe.build()
    assert recipe.cached() == [False] * 5
    tarball = recipe.folder / "system.tar"
    about = tarball.stat()
    second = recipe.build().sum()
    assert recipe.cached() == [False] * 5
    assert recipe.said.count("(skipped)") == 2
    recipe.output.unlink()
    recipe.build()
    assert recipe.cached() == [True, False, False, True, True]
    assert recipe.said.count("(skipped)") == 2
    assert recipe.sum() == second == recipe.from_scratch()
    assert tarball.stat().st_mtime_ns == about.st_mtime_ns
    tarball.unlink()
    recipe.build()
    assert recipe.cached() == [True, True, False, True, True]
    assert tarball.exists()


def test_secrets(user: User) -> None:
    recipe = Recipe(
        user,
        "create_file(system(), '/srv/a', 'a')",
        "create_file(system(), '/srv/secret', Secret.from_file('password'))",
        "chroot(system(), 'true')",
    )
    value = "correct horse battery staple"
    recipe.file("password", value)
    first = recipe.build().sum()
    recipe.output.unlink()
    assert all(recipe.build().cached())
    recipe.file("password", f"{value}!")
    recipe.build()
    assert recipe.cached() == [True, True, False, False, False]
    assert recipe.sum() != first
    recipe.file("password", value)
    assert all(recipe.build().cached())
    assert recipe.sum() == first
    told = [value.encode(), value.encode().hex().encode()]
    told += [hashlib.new(kind, value.encode()).hexdigest().encode() for kind in ("md5", "sha256")]
    looked_at = 0
    for path in recipe.user.cache.rglob("*"):
        if path.is_file() and "tree" not in path.parts:
            looked_at += 1
            data = path.read_bytes()
            assert not any(one in data for one in told), path
    assert looked_at > 8


def test_a_third_party_operation_that_hides_errors(user: User) -> None:
    """One whose layer is there ends, even where it catches all exceptions."""
    hiding = ARCHIVE.replace(
        '        index = cache.archive("trixie", "deb http://mirror.example trixie main", fetch)\n',
        "        try:\n"
        '            index = cache.archive("trixie", "deb", fetch)\n'
        "        except Exception:\n"
        '            tree.write("/srv/wrong", "wrong")\n'
        "            return\n",
    )
    assert hiding != ARCHIVE
    recipe = Recipe(user, LOOK, head=HEAD + hiding)
    recipe.file("release", "one")
    first = recipe.build().sum()
    recipe.output.unlink()
    recipe.build("--refresh")
    assert recipe.cached() == [True, False, True]
    assert recipe.sum() == first
