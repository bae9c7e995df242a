"""`vmdsl new`. That its recipes are right is in tests/typing/test_new.py, as it takes mypy."""

import ast
import errno
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from vmdsl.cli import new
from vmdsl.cli.main import run
from vmdsl.cli.new import KINDS, recipe_text
from vmdsl.cli.paths import create_file
from vmdsl.errors import HostError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_is_named_after_its_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["new"]) == 0
    assert run(["new", "--like", "ci-worker"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "uefi.py is written. To go on:",
        "  vmdsl plan uefi.py",
        "  vmdsl build uefi.py",
        "ci_worker.py is written. To go on:",
        "  vmdsl plan ci_worker.py",
        '  vmdsl build ci_worker.py --ssh-key "$(cat ~/.ssh/id_ed25519.pub)"',
    ]
    text = Path("uefi.py").read_text("utf-8")
    assert 'set_hostname(system(), "uefi")' in text
    assert "# Build and boot the image: vmdsl build uefi.py && vmdsl boot uefi.img\n" in text


def test_what_is_given_is_in_it(here: Path) -> None:
    (here / "recipes").mkdir()
    words = ["--suite", "bookworm", "--hostname", "box", "--user", "ann", "--like", "cloud"]
    assert run(["new", "recipes/web-1.py", *words]) == 0
    text = (here / "recipes/web-1.py").read_text("utf-8")
    assert 'Suite("bookworm")' in text
    assert 'set_hostname(system(), "box")' in text
    assert 'add_user(system(), "ann", ssh_keys=ssh_key(), sudo=True)' in text
    assert "vmdsl check web-1.py" in text


def test_a_recipe_that_has_a_user_names_another_one(here: Path) -> None:
    assert run(["new", "--like", "raspberry-pi", "--user", "ann", "--hostname", "den"]) == 0
    text = (here / "raspberry_pi.py").read_text("utf-8")
    assert 'add_user(system(), "ann", ssh_keys=ssh_key(), sudo=True)' in text
    assert 'help="Public SSH key of the user ann."' in text
    assert 'set_hostname(system(), "den")' in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["old"], "old.py exists, and is not replaced\n    choose another name, or remove it"),
        (["old.py"], "old.py exists"),
        (["a b"], "'a b' is not the name of a recipe\n    use letters"),
        (["1st"], "'1st' is not the name of a recipe"),
        ([""], "'' is not the name of a recipe"),
        (["web.img"], "'web.img' is not the name of a recipe"),
        (["json"], "json.py would hide the module json of Python"),
        (["vmdsl"], "vmdsl.py would hide the module vmdsl"),
        (["there/web"], "there is no directory there\n    make it first: mkdir -p there"),
        (["--like", "cluod"], "there is no kind of recipe cluod\n    did you mean cloud?"),
        (["--like", "toaster"], "there is no kind of recipe toaster\n    the kinds are:"),
        (["--suite", "trixy"], "Debian has no suite trixy\n    did you mean trixie?"),
        (["--hostname", "my_box"], "'my_box' is not the name of a machine"),
        (["--user", "Ann"], "'Ann' is not the name of a user\n    names are lower case"),
        (["--user", 'a"b'], "'a\"b' is not the name of a user"),
        (["a", "b"], "got unexpected extra argument"),
    ],
)
def test_refused(
    words: list[str], message: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "old.py").write_text("mine")
    assert run(["new", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.sub(r"  \[[a-z-]+\]\n", "\n", err).startswith(f"vmdsl: {message}")
    assert [path.name for path in here.iterdir()] == ["old.py"]
    assert (here / "old.py").read_text() == "mine"


def test_a_recipe_with_mistakes_is_not_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = recipe_text("uefi", "a.py", suite="trixie", hostname="a", user="")
    wrong = wrong.replace("MiB(256)", "MiB(99999)")
    monkeypatch.setattr(new, "recipe_text", lambda *_, **__: wrong)
    assert run(["new"]) == 2
    assert "does not fit" in capsys.readouterr().err
    assert not Path("uefi.py").exists()


def test_a_full_disk_leaves_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def write_half(path: Path, text: str, **more: str) -> int:
        write(path, text[: len(text) // 2], **more)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", write_half)
    with pytest.raises(HostError, match="full"):
        create_file(here / "uefi.py", "text")
    assert not list(here.iterdir())


def test_a_file_that_appears_meanwhile_stays(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(new, "_check", lambda *_: (here / "uefi.py").write_text("mine"))
    assert run(["new"]) == 2
    assert "uefi.py exists" in capsys.readouterr().err
    assert (here / "uefi.py").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "answers", "asked"),
    [
        ([], ["", "", "", "", ""], 5),
        (["--like", "hybrid", "web"], ["", "", "ann"], 3),
        ([], ["hybird", "hybrid", "a b", "web", "", "box", ""], 7),
        (["web", "--like=uefi", "--suite=sid", "--hostname=box", "--user="], [], 0),
    ],
)
def test_on_a_terminal_it_asks_until_the_answer_is_right(
    words: list[str], answers: list[str], asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: Iterator[str] = iter(answers)
    questions: list[str] = []

    def prompt(question: str, *, default: str, **_: object) -> str:
        questions.append(question)
        return next(given) or default

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("typer.prompt", prompt)
    assert run(["new", *words]) == 0
    assert len(questions) == asked
    (file,) = Path().glob("*.py")
    assert file.name == ("web.py" if "web" in [*words, *answers] else "uefi.py")


@pytest.mark.parametrize("kind", KINDS)
def test_comments_teach(kind: str) -> None:
    text = recipe_text(kind, "a.py", suite="trixie", hostname="a", user="ann")
    ast.parse(text)
    comments = re.findall(r"^# .*", text, re.MULTILINE)
    assert len(comments) > len("comments")
    assert max(map(len, text.splitlines())) <= 100
