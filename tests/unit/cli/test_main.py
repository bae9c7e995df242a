"""Exit codes and messages, of what needs no program."""

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vmdsl.cli import main
from vmdsl.cli.explain import codes_like
from vmdsl.cli.main import run
from vmdsl.errors import (
    BootError,
    BuildError,
    HostError,
    Problem,
    RecipeError,
    UsageError,
    VmdslError,
)
from vmdsl.explanations.codes import explanations
from vmdsl.host.facts import Result


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.py").write_text("")
    return tmp_path


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err.removeprefix("vmdsl: ").rstrip("\n")


def raising(error: BaseException) -> Any:
    def raise_it(*_: object) -> None:
        raise error

    return raise_it


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("it"), 2),
        (RecipeError("it"), 3),
        (HostError("it"), 4),
        (BuildError("it"), 5),
        (BootError("it"), 6),
        (VmdslError("it"), 1),
    ],
)
def test_errors_have_their_exit_codes(
    error: VmdslError,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(main, "_run", raising(error))
    assert run(["doctor"]) == code
    assert capsys.readouterr().err.startswith("vmdsl: it\n")


def test_interrupted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("vmdsl.host.checks.check_host", raising(KeyboardInterrupt()))
    assert run(["doctor"]) == 130
    assert capsys.readouterr().err.strip() == "vmdsl: interrupted"
    monkeypatch.setattr(main, "_run", raising(KeyboardInterrupt()))
    assert run(["doctor"]) == 130


@pytest.mark.parametrize("path", ["x" * 300, "/".join(["x" * 200] * 25)])
@pytest.mark.parametrize("words", [["check"], ["plan"], ["build", "empty.py", "--output"]])
def test_too_long_a_path(words: list[str], path: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused([*words, f"{path}.py"], capsys)
    assert said.startswith("this path is too long: xxx")
    assert len(said) < 150


def test_a_path_that_this_user_may_not_look_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "closed/it.img"))
    monkeypatch.setattr(main, "_run", raising(error))
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path / "closed")
    said = refused(["build", "empty.py"], capsys)
    assert said.startswith("this user may not look at closed/it.img")
    assert said.endswith("the directory closed is closed to it")
    monkeypatch.setattr(os, "access", lambda *_: True)
    assert "closed to it" not in refused(["build", "empty.py"], capsys)


def test_bug(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(main, "_run", raising(KeyError("x")))
    monkeypatch.delenv("VMDSL_DEBUG", raising=False)
    assert run(["doctor"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("vmdsl: this is a bug in vmdsl: KeyError: 'x'")
    monkeypatch.setenv("VMDSL_DEBUG", "1")
    assert run(["doctor"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_reader_that_went_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(main, "_run", raising(BrokenPipeError()))
    with (tmp_path / "out").open("w") as out:
        monkeypatch.setattr("sys.stdout", out)
        assert run(["doctor"]) == 1
        assert os.path.samestat(os.fstat(out.fileno()), Path(os.devnull).stat())


def test_exit_code_of_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Result(name="x", problem=Problem(what="x"), fatal=True)
    fine = Result(name="KVM", detail="guests run with it", fatal=False)
    monkeypatch.setattr("vmdsl.boot.accel.check_kvm", lambda _: fine)
    monkeypatch.setattr("vmdsl.host.checks.check_host", lambda _: [wrong])
    assert run(["doctor"]) == 4
    monkeypatch.setattr("vmdsl.host.checks.check_host", lambda _: [replace(wrong, fatal=False)])
    assert run(["doctor"]) == 0


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("vmdsl ")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 0
    out = capsys.readouterr().out
    assert all(f"│ {name} " in out for name in ("build", "check", "plan", "boot", "doctor"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["buidl"], "no such command 'buidl'  [usage]\n    did you mean 'build'?"),
        (["--frob"], "no such option: --frob  [usage]\n    see: vmdsl --help"),
        (["check"], "missing argument 'RECIPE'  [usage]\n    see: vmdsl check --help"),
        (
            ["build", "emty.py"],
            "there is no recipe emty.py  [no-such-file]\n    did you mean empty.py?",
        ),
        (
            ["plan", "."],
            ". is a directory, not a recipe  [no-such-file]\n    did you mean empty.py?",
        ),
        (
            ["build", "empty.py", "-o", "a/b"],
            "there is no directory a  [output-file]\n    make it first: mkdir",
        ),
        (
            ["build", "empty.py", "-o", "."],
            ". is a directory  [output-file]\n    name the image: --output empty",
        ),
        (["boot", "a.img", "--firmware", "bios"], "there is no image a.img"),
        (["boot", "a.img", "--firmware", "q"], "invalid value for '--firmware': 'q' is not one of"),
        (["boot", "a.img", "--firmware", "bios", "--memory", "x"], "invalid value for '--memory'"),
        (["boot", "a.img", "--credential", "a"], "invalid value for '--credential': a is not a"),
        (["boot", "a.img", "--credential", "a b=c"], "invalid value for '--credential': a b=c is"),
    ],
)
def test_usage(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(arguments, capsys).startswith(message)


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "call-it"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("# A step, an option or a flag is not called\n\n")
    assert out.endswith('    apt(system(), "curl")\n```\n')
    assert "after=" not in out


def test_explain_lists_all_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(explanations())
    assert [line.split(" ", 1)[0] for line in lines] == sorted(explanations())


def test_explain_a_misspelt_code(capsys: pytest.CaptureFixture[str]) -> None:
    message = "there is no code no-romm  [usage]\n    did you mean no-room?"
    assert refused(["explain", "no-romm"], capsys).startswith(message)


def test_explain_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run(["explain", "[mode]"]) == 0
    out = capsys.readouterr().out
    assert "Permissions are not written in octal" in out
    assert "```" not in out


def test_codes_are_completed() -> None:
    assert ("mode", "Permissions are not written in octal") in codes_like("mo")


def test_boot(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machines: list[Any] = []

    def note(machine: object) -> int:
        machines.append(machine)
        return 7

    monkeypatch.setattr("vmdsl.boot.accel.kvm_problem", lambda *_, **__: "/dev/kvm does not exist.")
    monkeypatch.setattr("vmdsl.boot.interactive.run_machine", note)
    (here / "a.img").write_bytes(b"")
    options = ["--firmware", "uefi", "--memory", "2G", "--no-network"]
    assert run(["boot", "a.img", *options]) == 7
    slow = "Without KVM this is slow. /dev/kvm does not exist. See: vmdsl doctor\n"
    assert capsys.readouterr().err == slow
    (here / "a.img").write_bytes(b"GRUB".ljust(510) + b"\x55\xaa")
    assert run(["boot", "a.img", "--credential", "a.b=c=d", "--credential", "e="]) == 7
    found = "Firmware: bios of amd64, as the disk starts with GRUB's boot code.\n"
    assert capsys.readouterr().err == f"{found}{slow}"
    uefi, bios = machines
    assert (uefi.firmware, uefi.memory.bytes, uefi.network) == ("uefi", 2**31, False)
    assert (bios.firmware, bios.accel) == ("bios", "tcg")
    assert (uefi.credentials, bios.credentials) == ((), (("a.b", "c=d"), ("e", "")))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("names = {'b', 'a'}", True),
        ("names = {n for n in 'ab'}", True),
        ("names = set('ab')", True),
        ("names = {}.keys() - {}.keys()", True),
        ("number = hash('a')", True),
        ("import makes_sets", True),
        ("from makes_sets import names", True),
        ("import imports_it", True),
        ("names = {'b': 1}", False),
        ("import loops, nothing_of_that_name", False),
        ("(", False),
    ],
)
def test_recipes_with_sets_are_known(here: Path, source: str, *, expected: bool) -> None:
    (here / "makes_sets.py").write_text("names = frozenset('ab')\n")
    (here / "imports_it.py").write_text("import makes_sets\n")
    (here / "loops.py").write_text("import loops\n")
    (here / "r.py").write_text(f"{source}\n")
    assert main.depends_on_hashes(["check", "r.py", "--log=x"]) is expected
    assert not main.depends_on_hashes(["check", "missing.py", "r"])
    assert main.depends_on_hashes(["plan", "acme-server", "--check", "r.py.plan"])  # of a package
    assert not main.depends_on_hashes(["list", "--json"])


@pytest.mark.parametrize(("given", "expected"), [(None, ["0"]), ("7", ["0"]), ("0", [])])
def test_a_recipe_with_sets_is_read_with_a_fixed_seed(
    here: Path, monkeypatch: pytest.MonkeyPatch, given: str | None, expected: list[str]
) -> None:
    (here / "r.py").write_text("names = {'a'}\n")
    if given is None:
        monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    else:
        monkeypatch.setenv("PYTHONHASHSEED", given)
    started: list[str] = []

    def note(extra: dict[str, str]) -> None:
        started.extend(extra.values())

    monkeypatch.setattr("vmdsl.programs.start_again", note)
    monkeypatch.setattr("sys.argv", ["vmdsl", "check", "r.py"])
    with pytest.raises(SystemExit):
        main.main()
    assert started == expected
