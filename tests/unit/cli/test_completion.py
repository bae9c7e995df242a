"""What shells complete. The same in a real bash is in tests/integration/test_cli.py."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vmdsl.cli.main import run

RECIPE = """
from vmdsl import Arch, Suite, flag, option

suite = option(Suite("trixie"), help="Release of Debian.")
arch = option(Arch.AMD64, help="Processor.")
console_login = flag(default=False, help="Let root log in.")
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Path("pc.py").write_text(RECIPE)
    Path("broken.py").write_text("1 / 0")


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Completes the last of the words as bash asks for it."""

    def complete(*words: str) -> list[str]:
        monkeypatch.setenv("_VMDSL_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", "\n".join(["vmdsl", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        with pytest.raises(SystemExit) as ended:
            run([])
        assert ended.value.code == 0
        out, err = capsys.readouterr()
        assert err == ""
        return str(out).split()

    return complete


Complete = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["bu"], ["build"]),
        (["build", "pc.py", "--con"], ["--console-login"]),
        (["build", "pc.py", "--no-con"], ["--no-console-login"]),
        (["plan", "pc.py", "--console-login", "yes", "--s"], ["--seed", "--suite"]),
        (["check", "pc.py", "--suite", "bookw"], ["bookworm"]),
        (["check", "pc.py", "--arch", "amd"], ["amd64"]),
        (["build", "pc.py", "--arch=amd"], ["amd64"]),
        (["build", "--on-error", ""], ["clean", "keep", "shell"]),
        (["build", "broken.py", "--off"], ["--offline"]),
        (["build", "missing.py", "--off"], ["--offline"]),
        (["build", "pc.py", "--frob", "--off"], ["--offline"]),
        (["new", "--like", "se"], ["secure-boot"]),
        (["new", "--suite", "bookw"], ["bookworm"]),
        (["cache", "pr"], ["prune"]),
        (["build", ""], []),  # the shell completes names of files
        (["build", "pc.py", "--output", ""], []),
    ],
)
def test_words(
    words: list[str], expected: list[str], complete: Complete, checks: list[object]
) -> None:
    assert sorted(complete(*words)) == expected
    assert checks == []  # mypy is not started


def test_a_recipe_that_a_package_offers(install: Callable[..., Path], complete: Complete) -> None:
    install("acme_seven", source=RECIPE)
    Path("acme").mkdir()
    Path("notes.txt").touch()
    assert sorted(complete("build", "ac")) == ["acme-server", "acme/"]
    assert sorted(complete("build", "")) == ["acme-server", "acme/", "broken.py", "pc.py"]
    assert complete("build", "acme-server", "--con") == ["--console-login"]
    assert complete("build", "p") == []


@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        ("zsh", '"--console-login":"Let root log in. [default'),
        ("fish", "--console-login\tLet root log in. [default: off]"),
    ],
)
def test_other_shells(
    shell: str, expected: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_VMDSL_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "vmdsl build pc.py --con")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    with pytest.raises(SystemExit):
        run([])
    assert expected in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_installed_for_a_shell(
    shell: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("typer._completion_shared._get_shell_name", lambda: shell)
    with pytest.raises(SystemExit):
        run(["--install-completion"])
    assert f"{shell} completion installed in {tmp_path}/" in capsys.readouterr().out
