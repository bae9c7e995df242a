"""Builds that are killed at any moment: nothing is left, and the next build works."""

import hashlib
import os
import pwd
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

import pytest

from users import User

pytestmark = pytest.mark.integration

IS_ROOT = os.geteuid() == 0
MARK = "VMDSL_TEST_BUILD"
ENDED = "after "
#: How a program that was unpacked is started.
LOADED = re.compile(r"\S+/ld\S*\.so\S* --library-path \S+ --argv0 \S+ ")
HIDDEN = "what-no-killed-build-may-leave"

#: Recipes of a system that has a few of this machine's programs, which takes no time to make.
HEAD = """\
from vmdsl import *

PROGRAMS = '''
cd "$ROOT"; mkdir -p usr/bin usr/sbin etc proc sys dev run tmp var/tmp; ln -s usr/bin bin
for name in sh sleep setsid head tr; do
    file=/usr/bin/$name; cp -L "$file" usr/bin/$name
    for library in $(ldd "$file" | grep -o '/[^ ]*'); do
        [ -e ".$library" ] || { mkdir -p ".${library%/*}"; cp -L "$library" ".$library"; }
    done
done
'''

@step
def table() -> Gpt:
    return mkgpt(mkimg(MiB(400)))

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(250))))

@step
def system() -> RootFs:
    host_shell(root(), PROGRAMS)
    return RootFs(mounted=root(), suite=Suite("bookworm"), arch=Arch.AMD64)
"""
SMALL = HEAD
CHROOT = f"""{HEAD}
@step
def script() -> None:
    token = Secret.from_environment("VMDSL_TEST_SECRET")
    chroot(
        system(),
        "head $SECRETS/token; setsid sleep 1000 & sleep 6; echo done",
        secrets={{"token": token}},
    )
"""
#: Each makes one of the tools work for a while.
LARGE, MANY, LARGE_IN_FAT = (
    f"""{HEAD}
@step
def esp() -> Mounted[Vfat]:
    return mount(mkvfat(mkpart(table(), size=MiB(140))), "/efi", on=root())

@step
def content() -> None:
    host_shell(root(), 'cd "$ROOT"; mkdir efi many; {script}')
"""
    for script in (
        "yes | head -c 160M >large",
        "cd many; seq 5000 | split -l 1 -a 4",
        "yes | head -c 100M >efi/large",
    )
)
#: A key, and a filesystem whose content is encrypted when mcopy has filled it.
ENCRYPTED = f"""{HEAD}
@step
def esp() -> Mounted[Vfat]:
    key = Secret.from_environment("VMDSL_TEST_SECRET")
    inner = mkluks(mkpart(table(), size=MiB(140)), key, name="inner")
    return mount(mkvfat(inner), "/efi", on=root())

@step
def content() -> None:
    host_shell(root(), 'cd "$ROOT"; mkdir efi; yes | head -c 100M >efi/large')
"""
#: No other test installs its package, so it is not in the cache; and no build of it ends.
BOOTSTRAP = """\
from vmdsl import *

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(GiB(1))))))

@step
def system() -> RootFs:
    return debootstrap(root(), suite="bookworm", variant="minbase", include=["hello"])
"""
#: Where in a build: its recipe, and the start of the command line that shows that it is there; or
#: of one that has ended by then.
PHASES = {
    "download": (BOOTSTRAP, "apt-get "),
    "bootstrap": (BOOTSTRAP, "dpkg --install"),
    "chroot": (CHROOT, "sleep 6"),
    "mke2fs": (LARGE, "mke2fs "),
    "debugfs": (MANY, "debugfs -w"),
    "mcopy": (LARGE_IN_FAT, "mcopy "),
    "header": (ENCRYPTED, "cryptsetup luksFormat"),
    "encryption": (ENCRYPTED, f"{ENDED}mcopy "),
}
#: Those whose end is the end of a step, which makes the build fail: the others it survives, or
#: it is they that make it.
COMMANDS = ("sleep 6", "mke2fs ", "debugfs -w", "mcopy ", "cryptsetup ", "perl ", "dpkg --install")


@dataclass(frozen=True)
class Process:
    """A process of a build: its number, and its command line."""

    number: int
    command: str

    def namespace(self) -> str:
        with suppress(OSError):
            return str(Path(f"/proc/{self.number}/ns/pid").readlink())
        return ""

    def owner(self) -> int | None:
        with suppress(OSError):
            status = Path(f"/proc/{self.number}/status").read_text(encoding="utf-8")
            return int(status.partition("Uid:")[2].split()[0])
        return None


def command_of(number: int) -> str:
    try:
        line = Path(f"/proc/{number}/cmdline").read_text(errors="replace").replace("\0", " ")
        return LOADED.sub("", line, count=1)
    except OSError:
        return ""


def below(number: int) -> Iterator[Process]:
    """The descendants of a process, parents first."""
    try:
        found = Path(f"/proc/{number}/task/{number}/children").read_text().split()
    except OSError:
        return
    for child in map(int, found):
        yield Process(child, command_of(child))
        yield from below(child)


def numbers() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


@dataclass
class Running:
    """A build that was started, beside a file that has the name of its image."""

    user: Any
    recipe: str
    before: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder = self.user.folder("kill")
        recipe = self.user.file(self.folder / "kill.py", self.recipe)
        self.output = self.user.file(self.folder / "kill.img", "an older image\n")
        self.before = outside(self.user, self.folder)
        self.said = tempfile.TemporaryFile()  # noqa: SIM115 (closed by __exit__)
        vmdsl = self.user.vmdsl("build", recipe, "--output", self.output)
        place = vmdsl.index("env") + 1
        self.cli = subprocess.Popen(
            [*vmdsl[:place], f"{MARK}=1", f"VMDSL_TEST_SECRET={HIDDEN}", *vmdsl[place:]],
            stdin=subprocess.DEVNULL,
            stdout=self.said,
            stderr=subprocess.STDOUT,
        )
        self.namespaces: set[str] = set()
        self.seen = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cli.kill()
        self.cli.wait()
        self.said.close()

    def text(self) -> str:
        self.said.seek(0)
        return self.said.read().decode(errors="replace")

    def wait_until(self, there: Callable[[], Any]) -> Any:
        """Wait until something is there, and note the namespaces of the build."""
        limit = time.monotonic() + 120
        while time.monotonic() < limit:
            if found := there():
                ours = Process(os.getpid(), "").namespace()
                self.namespaces = {p.namespace() for p in below(self.cli.pid)} - {ours, ""}
                return found
            assert self.cli.poll() is None, self.text()
            time.sleep(0.003)
        raise AssertionError(self.text())

    def process(self, start: str) -> Process | None:
        """The process of the build whose command line starts so, without its directory."""
        for process in below(self.cli.pid):
            program = process.command.partition(" ")
            if f"{Path(program[0]).name} {program[2]}".startswith(start):
                return process
        return None

    def has_reached(self, place: str) -> bool:
        """Whether a program runs, or another has run and ended, by the start of its command."""
        name = place.removeprefix(ENDED)
        if self.process(name):
            self.seen = True
            return name == place
        return self.seen and name != place

    def victim(self, name: str) -> int:
        """The number of a process of the chain, by its name or the start of its command, or 0."""
        if name == "vmdsl":
            return self.cli.pid
        chain = list(below(self.cli.pid))
        if name in {"unshare", "first"}:
            return chain[("unshare", "first").index(name)].number
        found = self.process(name)
        return found.number if found else 0

    def check_nothing_left(self, *, step_failed: bool) -> None:
        """Nothing of the build is left but what its cache holds, and the log of a failed step."""
        until(lambda: not self.living())
        assert self.living() == [], self.text()
        after = outside(self.user, self.folder)
        if self.cli.returncode == 0:  # it survived, so that the image is another one
            assert after.pop(str(self.output)) != self.before.pop(str(self.output))
        if step_failed:
            assert after.pop(f"{self.output}.log", None), self.text()
        assert after == self.before
        self.check_secret()

    def check_secret(self) -> None:
        """The secret is nowhere, also not in the cache."""
        assert HIDDEN not in self.text()
        if IS_ROOT:  # who may read what a sandbox leaves
            places = [self.folder, *(self.user.cache / name for name in ("builds", "logs"))]
            done = subprocess.run(
                ["grep", "-rlF", HIDDEN, *places], capture_output=True, text=True, check=False
            )
            assert done.stdout == ""

    def living(self) -> list[str]:
        """The processes of the build, by their namespace or the mark in their environment.

        Numbers of namespaces are used again: by builds of other users, meanwhile.
        """
        ids, found = owned_ids(self.user.name), []
        for number in numbers():
            environment = b""
            with suppress(OSError):
                environment = Path(f"/proc/{number}/environ").read_bytes()
            process = Process(number, command_of(number))
            is_inside = process.namespace() in self.namespaces and process.owner() in ids
            if is_inside or f"{MARK}=1".encode() in environment:
                found.append(process.command)
        return found


def until(there: Callable[[], bool], seconds: float = 5) -> None:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit and not there():
        time.sleep(0.01)


def outside(user: Any, folder: Path) -> dict[str, Any]:
    """What there is outside the cache that a build could leave behind."""
    ids = owned_ids(user.name)
    found: dict[str, Any] = {}
    for place in (Path("/tmp"), Path("/var/tmp"), user.home):
        for path in place.iterdir():
            with suppress(OSError):
                if path.lstat().st_uid in ids and path != user.cache:
                    found[str(path)] = ""
    for path in folder.rglob("*"):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path)] = (path.stat().st_ino, content)
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    found["mounts"] = [line for line in mounts if str(user.home) in line]
    loops = [path.read_text() for path in Path("/sys/block").glob("loop*/loop/backing_file")]
    found["loops"] = [text for text in loops if str(user.home) in text]
    return found


def owned_ids(name: str) -> set[int]:
    ids = {pwd.getpwnam(name).pw_uid}
    for line in Path("/etc/subuid").read_text(encoding="utf-8").splitlines():
        owner, first, count = line.split(":")
        if owner == name:
            ids.update(range(int(first), int(first) + int(count)))
    return ids


def check_next_build(user: Any) -> None:
    """The next build works, and removes what is left of the one before."""
    folder = user.folder("next")
    done = user.build(user.file(folder / "next.py", SMALL), "--output", folder / "next.img")
    assert done.returncode == 0, done.stdout
    assert list((user.cache / "builds").iterdir()) == []


ALL = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
CASES = [
    *(("chroot", who, number) for who in ("vmdsl", "unshare", "first") for number in ALL),
    *(("chroot", "sleep 6", number) for number in ALL),
    ("chroot", "sleep 1000", signal.SIGKILL),
    ("download", "vmdsl", signal.SIGKILL),
    ("download", "vmdsl", signal.SIGINT),
    ("download", "perl ", signal.SIGTERM),
    ("bootstrap", "first", signal.SIGKILL),
    ("bootstrap", "dpkg --install", signal.SIGKILL),
    ("mke2fs", "vmdsl", signal.SIGKILL),
    ("mke2fs", "vmdsl", signal.SIGTERM),
    ("mke2fs", "first", signal.SIGKILL),
    ("mke2fs", "mke2fs ", signal.SIGKILL),
    ("debugfs", "debugfs -w", signal.SIGKILL),
    ("debugfs", "unshare", signal.SIGKILL),
    ("mcopy", "mcopy ", signal.SIGTERM),
    ("mcopy", "vmdsl", signal.SIGINT),
    ("header", "cryptsetup ", signal.SIGKILL),
    ("header", "vmdsl", signal.SIGKILL),
    ("encryption", "first", signal.SIGKILL),
    ("encryption", "vmdsl", signal.SIGTERM),
]
#: After the last one of each phase, the next build works, and removes what all of them have left.
LAST = list({phase: (phase, who, number) for phase, who, number in CASES}.values())


@pytest.mark.parametrize(("phase", "who", "number"), CASES)
def test_kill(alone: User, phase: str, who: str, number: signal.Signals) -> None:
    recipe, there = PHASES[phase]
    with Running(alone, recipe) as running:
        os.kill(
            running.wait_until(lambda: running.has_reached(there) and running.victim(who)), number
        )
        code = running.cli.wait(timeout=60)
        step_failed = who in COMMANDS
        if who == "vmdsl":
            assert code == (-number if number == signal.SIGKILL else 128 + number), running.text()
        elif step_failed:
            assert code == 5, running.text()
            assert "step " in running.text()
        elif number == signal.SIGKILL and who != "sleep 1000":
            assert code == 5, running.text()
            assert "the build was killed from outside" in running.text()
        else:  # the first process of a namespace can refuse other signals, and unshare does
            assert code in {0, 5}, running.text()
        running.check_nothing_left(step_failed=step_failed)
    if (phase, who, number) in LAST:
        check_next_build(alone)


def moments(*delays: float) -> list[tuple[signal.Signals, float]]:
    return [(number, delay) for number in ALL for delay in delays]


#: Of the end of a build: a few, and many.
AT_THE_END = [
    *moments(0.1, 0.3),
    *(pytest.param(*one, marks=pytest.mark.long) for one in moments(*(n / 40 for n in range(25)))),
]


@pytest.mark.parametrize(("number", "delay"), AT_THE_END)
def test_kill_at_the_end(alone: User, number: signal.Signals, delay: float) -> None:
    """While the image gets its name: it is the old one or the new one, and whole."""
    with Running(alone, SMALL) as running:
        running.wait_until(lambda: re.search(r"\[(\d+)/\1\]", running.text()))
        time.sleep(delay)
        with suppress(ProcessLookupError):
            running.cli.send_signal(number)
        code = running.cli.wait(timeout=60)
        assert code in {0, -number, 128 + number}, running.text()
        until(lambda: not running.living())
        assert running.living() == []
        after = outside(alone, running.folder)
        inode, content = after.pop(str(running.output))
        if (inode, content) == running.before.pop(str(running.output)):
            assert code != 0
        else:
            assert content == whole_image(alone)
        assert after == running.before
    check_next_build(alone)


_whole: dict[str, str] = {}


def whole_image(user: Any) -> str:
    """The checksum of the image of the small recipe."""
    if user.name not in _whole:
        folder = user.folder("whole")
        recipe = user.file(folder / "kill.py", SMALL)
        done = user.build(recipe, "--output", folder / "kill.img")
        assert done.returncode == 0, done.stdout
        _whole[user.name] = hashlib.sha256((folder / "kill.img").read_bytes()).hexdigest()
    return _whole[user.name]


@pytest.mark.skipif(not IS_ROOT, reason="this run is not root's")
def test_kill_a_build_of_root(root_user: User) -> None:
    for who in ("vmdsl", "unshare", "first"):
        with Running(root_user, CHROOT) as running:
            running.wait_until(partial(running.process, "sleep 6"))
            os.kill(running.victim(who), signal.SIGKILL)
            running.cli.wait(timeout=60)
            running.check_nothing_left(step_failed=False)
    check_next_build(root_user)
