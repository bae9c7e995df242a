"""Secrets reach what needs them, and nothing else ever shows them."""

from __future__ import annotations

import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from users import User

pytestmark = pytest.mark.integration

FILE = "-----BEGIN KEY-----\nfirst-line-of-the-key\nsecond line\n-----END KEY-----\n"
VARIABLE = "s3cr3t/from\\the'environment"
COMMAND = "from-a-command"
HIDDEN = ("first-line-of-the-key", "second line", VARIABLE, COMMAND)

#: A system with a few of this machine's programs, and what is done with the secrets in it.
RECIPE = """\
from dataclasses import dataclass
from vmdsl import *

key = Secret.from_file("secret.key")
variable = Secret.from_environment("VMDSL_TEST_SECRET")

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(MiB(300))))))

@step
def system() -> RootFs:
    host_shell(root(), '''
cd "$ROOT"; mkdir -p usr/bin usr/sbin etc proc sys dev run tmp; ln -s usr/bin bin
for name in sh cat env ls sleep; do
    file=/usr/bin/$name; cp -L "$file" usr/bin/$name
    for library in $(ldd "$file" | grep -o '/[^ ]*'); do
        [ -e ".$library" ] || { mkdir -p ".${library%/*}"; cp -L "$library" ".$library"; }
    done
done
''')
    return RootFs(mounted=root(), suite=Suite("bookworm"), arch=Arch.AMD64)

@step
def command() -> Secret:
    return Secret.from_command("sh", "-c", "echo from-a-COMMAND | tr A-Z a-z")

SHOW = '''
env
cat "$SECRETS/KEY" "$SECRETS/VARIABLE" "$SECRETS/COMMAND"
for piece in one:; do echo -n "$piece"; cat "$SECRETS/COMMAND"; done >&2
cat /proc/[0-9]*/cmdline
cat /proc/[0-9]*/environ || :  # not of what is outside of the tree
for part in fr om -a- co mm and; do echo -n $part; sleep 0.15; done; echo
'''

@step
def shown() -> None:
    given = {"KEY": key, "VARIABLE": variable, "COMMAND": command()}
    chroot(system(), SHOW + "ls -l $SECRETS >/listing", secrets=given)
    host_shell(system(), SHOW + 'cat "$SECRETS/VARIABLE" >"$ROOT/by-host"', secrets=given)
    chroot(system(), "! ls /run/secrets 2>/dev/null; ! env | cat | { read line; false; } || env")

@step
def kept() -> None:
    create_file(system(), "/kept", key)

@dataclass(frozen=True, kw_only=True, eq=False)
class Own(TreeOperation):
    secret: Secret

    def apply(self, tree: Tree) -> None:
        value = tree.reveal(self.secret).decode()
        print("an operation prints", value)
        FAIL

@step
def own() -> None:
    record(Own(root=root(), secret=variable))
"""


class Case:
    """The recipe in a folder of its own, and its build."""

    def __init__(self, user: User, fail: str = "pass") -> None:
        self.user = user
        self.folder = user.folder("secrets")
        self.recipe = user.file(self.folder / "recipe.py", RECIPE.replace("FAIL", fail))
        user.file(self.folder / "secret.key", FILE)
        self.image = self.folder / "recipe.img"

    def argv(self, *command: str | Path, variable: str | None = VARIABLE) -> list[str]:
        given = [] if variable is None else [f"VMDSL_TEST_SECRET={variable}"]
        return self.user.argv("env", *given, self.user.checkout / ".venv/bin/vmdsl", *command)

    def run(self, *command: str | Path, variable: str | None = VARIABLE) -> tuple[int, str]:
        done = subprocess.run(
            self.argv(*command, variable=variable),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout

    def log(self) -> str:
        logs = (self.user.cache / "logs").iterdir()
        return max(logs, key=lambda path: path.stat().st_mtime).read_text("utf-8")


def assert_hidden(text: str) -> None:
    assert [secret for secret in HIDDEN if secret in text] == []


def cat(image: Path, path: str) -> str:
    return subprocess.run(
        ["debugfs", "-R", f"cat {path}", f"{image}?offset={2**20}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.fixture(scope="module")
def built(alone: User) -> tuple[Case, str]:
    case = Case(alone)
    output = case.folder / "said"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            case.argv("build", case.recipe, "--verbose", "--output", case.image),
            cwd=case.folder,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    seen = set()
    while process.poll() is None:
        seen.update(arguments())
        time.sleep(0.02)
    said = output.read_text("utf-8")
    assert process.returncode == 0, said
    assert_hidden("\n".join(text for text in seen if "VMDSL_TEST_SECRET=" not in text))
    assert any("vmdsl.builder.inner" in text for text in seen)
    return case, said


def arguments() -> list[str]:
    """The arguments of all that runs on this machine."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdecimal():
            with suppress(OSError):
                found.append((path / "cmdline").read_bytes().decode(errors="replace"))
    return found


def test_plan_and_check_read_no_value(alone: User) -> None:
    case, said = Case(alone), ""
    for command in (("check",), ("plan",), ("plan", "--json")):
        code, said = case.run(command[0], case.recipe, *command[1:], variable=None)
        assert code == 0, said
        assert_hidden(said)
    assert '"VMDSL_TEST_SECRET"' in said


def test_nothing_shows_them(built: tuple[Case, str]) -> None:
    case, said = built
    assert_hidden(said)
    log = case.log()
    assert_hidden(log)
    for text in (said, log):
        assert "an operation prints [secret]" in text
        assert "one:[secret]" in text
        assert "VMDSL_TEST_SECRET" not in text.replace("environment VMDSL_TEST_SECRET", "")
        assert text.count("[secret]") >= 9


def test_what_needs_them_has_them(built: tuple[Case, str]) -> None:
    image = built[0].image
    assert cat(image, "/kept") == FILE
    assert cat(image, "/by-host") == VARIABLE
    listing = cat(image, "/listing").splitlines()
    assert [line.split()[0] for line in listing[1:]] == ["-r--------"] * 3
    about = subprocess.run(
        ["debugfs", "-R", "stat /kept", f"{image}?offset={2**20}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "Mode:  0600" in about


def test_only_the_file_that_was_asked_for_is_in_the_image(built: tuple[Case, str]) -> None:
    data = built[0].image.read_bytes()
    assert data.count(b"first-line-of-the-key") == 1
    assert data.count(VARIABLE.encode()) == 1
    assert COMMAND.encode() not in data


@pytest.mark.parametrize(
    "fail",
    [
        "raise ValueError(value)",
        "tree.run('sh', '-c', 'cat; exit 3', stdin=value)",
        "tree.run('sh', '-c', 'echo ' + 'x' * 490 + '; cat; exit 3', stdin='y' * 490 + value)",
        "raise SystemExit(value)",
    ],
)
def test_errors_do_not_show_them(alone: User, fail: str) -> None:
    case = Case(alone, fail)
    code, said = case.run("build", case.recipe, "--output", case.image)
    assert code == 5, said
    assert_hidden(said)
    log = case.log()
    assert "[secret]" in log
    assert_hidden(log)
    assert VARIABLE[:6] not in said.partition("raise ")[0]


def test_what_is_missing_is_told_before_anything_is_done(alone: User) -> None:
    case = Case(alone)
    before = sorted((alone.cache / "logs").iterdir()) if (alone.cache / "logs").exists() else []
    code, said = case.run("build", case.recipe, variable=None)
    assert code == 4
    lines = RECIPE.splitlines()
    line = next(n for n, text in enumerate(lines, 1) if "chroot(system(), SHOW" in text)
    assert f"recipe.py:{line}: step shown: the variable VMDSL_TEST_SECRET, which holds" in said
    assert "1 problem; nothing was built" in said
    assert sorted((alone.cache / "logs").iterdir()) == before

    (case.folder / "secret.key").unlink()
    for command in ("check", "build"):
        code, said = case.run(command, case.recipe)
        assert code == 3
        assert "there is no file secret.key" in said


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ('"sh", "-c", "echo locked >&2; exit 7"', "failed (7)  [secret-missing]\n"),
        ('"sh", "-c", "true"', "is empty"),
        ('"no-such-program", "x"', "cannot be run: "),
    ],
)
def test_commands_that_tell_nothing(alone: User, command: str, what: str) -> None:
    case = Case(alone)
    text = RECIPE.replace("FAIL", "pass").replace(
        '"sh", "-c", "echo from-a-COMMAND | tr A-Z a-z"', command
    )
    alone.file(case.recipe, text)
    code, said = case.run("build", case.recipe)
    assert code == 4, said
    assert what in said
    assert ("locked" in said) == ("locked" in command)
