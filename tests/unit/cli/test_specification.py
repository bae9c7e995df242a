"""vmdb2's specifications on the command line, and vmdb2's options."""

from __future__ import annotations

from pathlib import Path

import pytest

from translations import ABOVE
from vmdsl.cli.main import run
from vmdsl.cli.specification import spelled_out

WITH_VARIABLE = f"steps:\n{ABOVE['root']}- {{debootstrap: sid, mirror: '{{{{ m }}}}', target: a}}\n"


@pytest.fixture(autouse=True)
def _beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pc.vmdb").write_text(f"steps:\n{ABOVE['system']}", encoding="utf-8")
    Path("with_variable.vmdb").write_text(WITH_VARIABLE, encoding="utf-8")


def test_it_is_checked_and_planned(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "pc.vmdb", "--log=l"]) == 0  # as scripts for vmdb2 have it
    assert capsys.readouterr().out == "pc.vmdb: no mistakes\n"
    assert run(["plan", "pc.vmdb"]) == 0
    assert "debootstrap trixie" in capsys.readouterr().out


def test_a_release_that_has_left_the_mirrors(capsys: pytest.CaptureFixture[str]) -> None:
    text = Path("pc.vmdb").read_text("utf-8").replace("trixie", "stretch")
    Path("old.vmdb").write_text(text, encoding="utf-8")
    for command in ("check", "plan", "from-yaml"):
        assert run([command, "old.vmdb"]) == 0
        warning, _, _, hint = capsys.readouterr().err.splitlines()
        assert warning.endswith(": warning: stretch has left Debian's mirrors  [suite]")
        assert "`mirror: http://mirror.example/debian-archive/debian`, with `keyring: /" in hint
        assert "check_valid_until" not in hint


def test_a_specification_without_an_image_is_not_converted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("none.vmdb").write_text("steps:\n- echo: hello\n", encoding="utf-8")
    assert run(["from-yaml", "none.vmdb", "-o", "none.py"]) == 3
    assert "no step makes a disk image" in capsys.readouterr().err
    assert not Path("none.py").exists()


def test_a_missing_local_file_is_a_warning_of_the_conversion(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = Path("pc.vmdb").read_text("utf-8")
    copied = f"{text.rstrip()}\n- copy-file: /etc/motd\n  src: no-such-motd\n"
    Path("copied.vmdb").write_text(copied, encoding="utf-8")
    assert run(["from-yaml", "copied.vmdb"]) == 0
    assert "warning: there is no file no-such-motd" in capsys.readouterr().err


def test_a_recipe_without_py(capsys: pytest.CaptureFixture[str]) -> None:
    Path("server").write_text("# A server.\nfrom vmdsl import *\n", encoding="utf-8")
    assert run(["check", "server"]) == 2
    what, hint = capsys.readouterr().err.splitlines()
    assert what.endswith("in Python, and its name does not end with .py  [wrong-file]")
    assert hint.strip() == "rename it: mv server server.py"


def test_its_help_has_the_options_of_vmdb2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", "pc.vmdb", "--help"]) == 0
    text = capsys.readouterr().out
    assert "--rootfs-tarball" in text
    assert "--log" in text
    assert "cannot be loaded" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "pc.vmdb", "--frobnicate"], "no such option: --frobnicate"),
        (["check", "pc.vmdb", "--variable", "x"], "--variable x is not NAME=VALUE"),
        (["check", "pc.vmdb", "--variable", "1x=2"], "--variable 1x=2 is not NAME=VALUE"),
        (["check", "pc.vmdb", "--variable=a=1", "--variable=a=2"], "a is given twice"),
        (["check", "pc.vmdb", "--variable", "output=x"], "output is set with an option of its own"),
        (["check", "-"], "name the image, as standard input has no name"),
        (["build", "other.vmdb"], "there is no specification other.vmdb"),
        (["build", "pc.vmbd"], "there is no specification pc.vmbd"),
        (["build", "pc.vmdb", "--log", "."], ". is a directory: name the log's file"),
        (["build", "pc.vmdb", "--log", "none/log"], "there is no directory none"),
        (["build", "pc.vmdb", "--log", "pc.vmdb"], "the log would replace it"),
        (["build", "pc.vmdb", "--output=a", "--log=a"], "a is the image; the log would replace it"),
        (["build", "pc.vmdb", "--rootfs-tarball", "none/t.tar"], "there is no directory none"),
        (["from-yaml", "other.vmdb"], "there is no specification other.vmdb"),
    ],
)
def test_wrong_options(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", "").split())


@pytest.mark.parametrize("value", ["http://m", "'http://m'", '"http://m"', "http://m?a=b=c"])
def test_variables(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["from-yaml", "with_variable.vmdb", "--variable", f"m={value}"]) == 0
    bare = value.strip("'\"")
    assert f'm = option("{bare}", help="The m.")' in capsys.readouterr().out


def test_a_variable_that_is_not_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "with_variable.vmdb"]) == 3
    assert "no variable is named m" in capsys.readouterr().err


def test_a_recipe_that_is_there_stays(capsys: pytest.CaptureFixture[str]) -> None:
    Path("pc.py").write_text("mine", encoding="utf-8")
    assert run(["from-yaml", "pc.vmdb", "-o", "pc.py"]) == 2
    assert "pc.py exists" in capsys.readouterr().err
    assert Path("pc.py").read_text(encoding="utf-8") == "mine"
    assert run(["from-yaml", "pc.vmdb", "-o", "pc.py", "--force"]) == 0
    assert "def system() -> RootFs:" in Path("pc.py").read_text(encoding="utf-8")
    assert [path.name for path in Path().iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("options", [[], ["--image", "a.img"]])
def test_a_specification_of_a_specification(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["to-yaml", "pc.vmdb", *options]) == 0
    assert "- debootstrap: trixie" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "full"),
    [
        (["--out", "x.img", "a.vmdb"], ["--output", "x.img", "a.vmdb"]),
        (["--o=x.img", "a.vmdb", "--verb"], ["--output=x.img", "a.vmdb", "--verbose"]),
        (["a.vmdb", "--rootfs", "t.tar"], ["a.vmdb", "--rootfs-tarball", "t.tar"]),
        (["--variable", "--ou", "-v", "--lo"], ["--variable", "--ou", "-v", "--log"]),
        (["--ver", "--va", "a=b", "--", "-"], ["--ver", "--variable", "a=b", "--", "-"]),
        (["--lenient", "--offline"], ["--lenient", "--offline"]),
    ],
)
def test_long_options_may_be_short(given: list[str], full: list[str]) -> None:
    assert spelled_out(given, {"--output", "--rootfs-tarball", "--variable", "--log"}) == full


def test_a_wrapper_is_vmdb2(capsys: pytest.CaptureFixture[str]) -> None:
    """What scripts give to vmdb2 comes behind `build --lenient`."""
    wrapper = ["build", "--lenient"]
    assert run([*wrapper, "--version"]) == 0
    assert "vmdsl" in capsys.readouterr().out
    assert run([*wrapper, "-v", "--out", "x.img", "--var", "a=b", "gone.vmdb", "--log=-"]) == 2
    assert "there is no specification gone.vmdb" in capsys.readouterr().err
    given = [*wrapper, "--verbose", "--rootfs", "none/t.tar", "--out", "x.img", "pc.vmdb"]
    assert run(given) == 2
    assert "there is no directory none" in capsys.readouterr().err


def test_options_of_recipes_are_not_shortened(capsys: pytest.CaptureFixture[str]) -> None:
    Path("pc.py").write_text("", encoding="utf-8")
    assert run(["check", "pc.py", "--verb"]) == 2
    assert "no such option: --verb  [usage]\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("image", "problem"), [("{{ output }}", ""), ("/dev/sda", "/dev/sda is a device, which only")]
)
def test_only_the_command_line_names_a_device(
    image: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = Path("pc.vmdb").read_text("utf-8").replace("{{ output }}", image)
    assert text.count(image) > 1
    Path("disk.vmdb").write_text(text, encoding="utf-8")
    assert run(["check", "disk.vmdb", "--output", "/dev/sdx"]) == (3 if problem else 0)
    assert problem in capsys.readouterr().err
