"""Builds that fail, and what is left of them to look into."""

import fcntl
import json
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from users import User

pytestmark = pytest.mark.integration

#: A system that has a few of this machine's programs.
HEAD = """\
from vmdsl import *

PROGRAMS = '''
cd "$ROOT"; mkdir -p usr/bin usr/sbin etc proc sys dev run tmp; ln -s usr/bin bin
for name in sh sleep cat stty tty; do
    file=/usr/bin/$name; cp -L "$file" usr/bin/$name
    for library in $(ldd "$file" | grep -o '/[^ ]*'); do
        [ -e ".$library" ] || { mkdir -p ".${library%/*}"; cp -L "$library" ".$library"; }
    done
done
touch etc/of-ann; chown 1000:1000 etc/of-ann; chmod 600 etc/of-ann
'''

@step
def disk() -> Disk:
    return mkimg(MiB(300))

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(disk()))))

@step
def system() -> RootFs:
    host_shell(root(), PROGRAMS)
    return RootFs(mounted=root(), suite=Suite("bookworm"), arch=Arch.AMD64)

"""
IN_TREE = f"""{HEAD}
@step
def last() -> None:
    chroot(
        system(),
        "echo begun >/etc/begun; echo x >/run/of-run; cat $SECRETS/token >/tmp/token; exit 3",
        secrets={{"token": Secret.from_environment("TOKEN")}},
    )
"""
ON_IMAGE = f"""{HEAD}
@step
def last() -> None:
    create_file(system(), "/etc/complete", "yes\\n")
    image_shell(disk(), "exit 3")
"""
WITHOUT_SHELL = """\
from vmdsl import *

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(MiB(300))))))

@step
def last() -> None:
    host_shell(root(), 'echo begun >"$ROOT/begun"; exit 3')
"""


class Terminal:
    """A command of vmdsl at a terminal of its own."""

    def __init__(self, user: Any, *arguments: str | Path) -> None:
        self.text = ""
        self._ours, theirs = os.openpty()
        self.resize(33, 111)
        self.before = termios.tcgetattr(self._ours)
        command = user.vmdsl(*arguments)
        command.insert(command.index("env") + 1, "TOKEN=very-secret")
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            cwd=user.home,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wait_for(self, pattern: str, seconds: float = 60) -> str:
        """Wait until something is printed, which is returned, and forget what was before it."""
        limit = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text)):
            assert time.monotonic() < limit, self.text
            assert self._read(), f"it has ended:\n{self.text}"
        self.text = self.text[found.end() :]
        return found[0]

    def _read(self) -> bool:
        if select.select([self._ours], [], [], 0.2)[0]:
            with suppress(OSError):
                if data := os.read(self._ours, 65536):
                    self.text += data.decode(errors="replace")
                    return True
            return False
        return True

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def ask(self, command: str, answer: str) -> str:
        """Have the shell run a command, and wait for what it prints."""
        self.type(f"{command}; echo do''ne\n")
        return self.wait_for(rf"(?s){answer}.*done")

    def end(self) -> int:
        """Wait for the end; the exit code."""
        limit = time.monotonic() + 30
        while self._read():
            assert time.monotonic() < limit, self.text
        code = self.process.wait(timeout=10)
        os.close(self._ours)
        return code

    def is_as_before(self) -> bool:
        return termios.tcgetattr(self._ours) == self.before


@contextmanager
def terminal(user: Any, *arguments: str | Path) -> Iterator[Terminal]:
    made = Terminal(user, *arguments)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait()


def recipe_of(user: User, text: str) -> Path:
    return user.file(user.folder("on-error") / "recipe.py", text)


def kept(user: Any) -> list[Path]:
    place = user.cache / "kept"
    return sorted(place.iterdir()) if place.exists() else []


@pytest.fixture(params=["alone", "root_user"])
def anybody(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def run(user: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    done: subprocess.CompletedProcess[str] = user.run(user.checkout / ".venv/bin/vmdsl", *arguments)
    return done


def fail(user: Any, recipe: Path, *options: str | Path) -> str:
    """Have a build fail; what it says."""
    command = user.vmdsl("build", recipe, "--output", recipe.with_suffix(".img"), *options)
    command.insert(command.index("env") + 1, "TOKEN=very-secret")
    done = subprocess.run(
        command,
        cwd=user.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 5, done.stderr
    assert list((user.cache / "builds").iterdir()) == []
    return done.stderr


def test_keep(anybody: Any) -> None:
    before = kept(anybody)
    recipe = recipe_of(anybody, IN_TREE)
    said = fail(anybody, recipe, "--on-error=keep")
    assert "exit code 3" in said
    (place,) = set(kept(anybody)) - set(before)
    assert f"the tree is kept in {place.relative_to(anybody.home)}/tree" in said
    tree = place / "tree"
    assert (tree / "etc/begun").read_text() == "begun\n"
    assert list((tree / "run").iterdir()) == []
    assert list((tree / "tmp").iterdir()) == []
    assert place.stat().st_mode & 0o777 == 0o700
    assert json.loads((place / "meta.json").read_text())["recipe"] == str(recipe)
    assert (
        "very-secret"
        not in subprocess.run(
            ["grep", "-r", "very-secret", place], capture_output=True, text=True, check=False
        ).stdout
    )

    fail(anybody, recipe)  # and cleans up
    assert (tree / "etc/of-ann").exists()
    with terminal(anybody, "cache", "shell", place.name) as at:
        at.wait_for("# $")
        at.ask("cat /etc/begun; tty; echo in >/etc/new", "begun\r\n/dev/pts/0\r\n")
        at.ask("stty size; [ -e /proc/self/fd ] && echo with proc", "33 111\r\nwith proc")
        busy = run(anybody, "cache", "remove", place.name)
        assert busy.returncode == 2, busy.stdout
        assert "a shell is open in it" in busy.stdout
        at.type("exit\n")
        assert at.end() == 0
    assert (tree / "etc/new").read_text() == "in\n"
    done = run(anybody, "cache", "remove", place.name)
    assert done.returncode == 0, done.stdout
    assert kept(anybody) == before
    assert list((anybody.cache / "builds").iterdir()) == []


def test_shell(anybody: Any) -> None:
    before = kept(anybody)
    recipe = recipe_of(anybody, IN_TREE)
    with terminal(anybody, "build", recipe, "--on-error", "shell", "-o", "x.img") as at:
        at.wait_for(r"step last: .*exit code 3")
        at.wait_for(r"(?s)A shell in the tree.*# $")
        at.ask("cat /etc/begun /run/of-run /tmp/token", "begun\r\nx\r\nvery-secret")
        at.ask("tty; stty size; echo $PPID $$", r"/dev/pts/0\r\n33 111\r\n1 \d+")
        at.resize(20, 77)
        time.sleep(0.3)
        at.ask("stty size", "20 77\r\n")
        at.type("sleep 1234\n")
        time.sleep(0.3)
        at.type("\x03")
        at.ask("echo code $?", "code 130")
        at.type("sleep 1234\n")
        time.sleep(0.3)
        at.type("\x1a")
        at.ask("jobs", r"(?i)stopped\W.*sleep 1234")
        at.ask("cat /proc/1/root/etc/hostname || echo refused", "refused")
        at.ask("bg >/dev/null; sleep 1234 & echo $((6 * 7))", "42")
        at.type("exit 9\n")
        at.wait_for("the whole log is ")
        assert at.is_as_before()
        assert at.end() == 5
    assert list((anybody.cache / "builds").iterdir()) == []
    assert kept(anybody) == before
    assert not running("1234")


def running(word: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if word in (words := path.read_text().split("\0")):
                found.append(" ".join(words))
    return found


def test_shell_in_the_complete_tree(alone: User) -> None:
    recipe = recipe_of(alone, ON_IMAGE)
    with terminal(alone, "build", recipe, "--on-error", "shell", "-o", "x.img") as at:
        at.wait_for(r"(?s)A shell in the tree.*# $")
        at.ask("cat /etc/complete", "yes")
        at.ask("echo $(tty) >/etc/new; cat /etc/new", "/dev/pts/0")
        at.type("exit\n")
        assert at.end() == 5


def test_shell_of_this_machine(alone: User) -> None:
    recipe = recipe_of(alone, WITHOUT_SHELL)
    with terminal(alone, "build", recipe, "--on-error", "shell", "-o", "x.img") as at:
        at.wait_for(r"(?s)A shell in the tree.*# $")
        at.ask("cat $ROOT/begun; cat begun; id -u", "begun\r\nbegun\r\n0\r\n")
        at.type("exit\n")
        assert at.end() == 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_a_shell_that_is_ended_by_a_signal(alone: User, number: signal.Signals) -> None:
    recipe = recipe_of(alone, IN_TREE)
    with terminal(alone, "build", recipe, "--on-error", "shell", "-o", "x.img") as at:
        at.wait_for(r"(?s)A shell in the tree.*# $")
        at.ask("echo $((6 * 7))", "42")
        at.type(f"sleep 43{number:02}\n")
        time.sleep(0.3)
        at.process.send_signal(number)
        code = at.process.wait(timeout=10)
        assert code in {128 + number, -number}
        assert number == signal.SIGKILL or at.is_as_before()
    limit = time.monotonic() + 5
    while running(f"43{number:02}") and time.monotonic() < limit:
        time.sleep(0.05)
    assert not running(f"43{number:02}")
    if number != signal.SIGKILL:
        assert list((alone.cache / "builds").iterdir()) == []


def test_shell_without_a_terminal(alone: User) -> None:
    recipe = recipe_of(alone, IN_TREE)
    done = alone.build(recipe, "--on-error=shell")
    assert done.returncode == 2
    assert done.stdout.startswith("vmdsl: --on-error shell needs a terminal, and standard input is")
    assert [path.name for path in recipe.parent.iterdir()] == ["recipe.py"]


def test_a_build_that_works_opens_no_shell(alone: User) -> None:
    recipe = recipe_of(alone, HEAD + "system\n")
    with terminal(
        alone, "build", recipe, "--on-error", "shell", "-o", recipe.parent / "x.img"
    ) as at:
        at.wait_for(r"x\.img.*300 MiB")
        assert at.end() == 0
