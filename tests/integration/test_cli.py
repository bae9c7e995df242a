"""The real `vmdsl`, run as people run it: what it prints, and its exit codes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

VMDSL = Path(sys.executable).with_name("vmdsl")
RECIPES = Path(__file__).parents[2] / "recipes"
GOOD = RECIPES / "announcement.py"
FOREIGN = Path(__file__).parents[1] / "typing" / "right" / "foreign_architecture.py"
BAD = """\
from vmdsl import Disk, GiB, Gpt, Partition, mkgpt, mkimg, mkpart, option, step

size = option(GiB(4), help="Size.")


@step
def disk() -> Disk:
    return mkimg(size())


@step
def table() -> Gpt:
    return mkgpt(disk(), 3)


@step
def root() -> Partition:
    return mkpart(disk())
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def vmdsl(tmp_path: Path, cache: Path) -> Run:
    (tmp_path / "bad.py").write_text(BAD)
    plain = {k: v for k, v in os.environ.items() if k not in {"FORCE_COLOR", "PY_COLORS"}}
    env = {**plain, "VMDSL_CACHE": str(cache), "COLUMNS": "80"}

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [VMDSL, *arguments],
            cwd=tmp_path,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def refused(done: subprocess.CompletedProcess[str], code: int) -> str:
    assert (done.returncode, done.stdout) == (code, ""), done
    assert "Traceback" not in done.stderr
    return done.stderr


def test_good_recipe(vmdsl: Run) -> None:
    done = vmdsl("check", GOOD)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{GOOD}: no mistakes\n", "")


SCRIPTS = """
@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(GiB(4))))))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def scripts() -> None:
    chroot(system(), "echo one\\nif true; then\\necho two\\n")
    host_shell(system(), "cat <(ls)")
    create_file(system(), "/usr/bin/a", "#!/bin/bash\\nshopt -s extglob\\necho !(a) <(ls)\\n")
    create_file(system(), "/usr/bin/b", "#!/bin/bash\\nfor a; do\\nesac\\n")
    chroot(system(), "echo two | { cat; }; case $X in (a) ;; *) esac; [[ a == a ]]")
    chroot(system(), "touch /tmp/a_script_was_run")
"""


def test_syntax_of_scripts(vmdsl: Run, tmp_path: Path) -> None:
    names = "Ext4, GiB, Mounted, RootFs, chroot, create_file, debootstrap, host_shell"
    names += ", mkext4, mkgpt, mkimg, mkpart, mount, step"
    (tmp_path / "r.py").write_text(f"from vmdsl import {names}\n\n{SCRIPTS}")
    said = refused(vmdsl("check", "r.py"), 3)
    heads = [line for line in said.splitlines() if line.startswith("r.py:")]
    assert [head.partition(": step")[0] for head in heads] == ["r.py:16", "r.py:17", "r.py:19"]
    assert "step scripts: line 4 of the script is wrong: end of file" in heads[0]
    assert "    close what is open: if … fi, do … done, case … esac" in said
    assert "step scripts: line 1 of the script is wrong:" in heads[1]
    assert "step scripts: line 3 of /usr/bin/b is wrong:" in heads[2]
    assert not Path("/tmp/a_script_was_run").exists()


def test_mistakes_of_mypy(vmdsl: Run) -> None:
    lines = refused(vmdsl("check", "bad.py"), 3).splitlines()
    assert lines[0].startswith("bad.py:13: ")
    assert lines[1] == "    13 | return mkgpt(disk(), 3)"
    assert any(line.startswith("bad.py:18: ") for line in lines)
    assert lines[-1] == "2 mistakes"


def test_build_says_that_nothing_was_built(vmdsl: Run, tmp_path: Path) -> None:
    assert refused(vmdsl("build", "bad.py"), 3).endswith("\n2 mistakes; nothing was built\n")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.py"]


def test_mistake_of_the_evaluator(vmdsl: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(BAD.replace(", 3", "").replace("mkpart(disk", "mkpart(table"))
    text = refused(vmdsl("check", "bad.py"), 3)
    assert "bad.py:18: step root: this partition is never used  [unused-device]\n" in text
    source = "    18 | return mkpart(table())\n                ^^^^^^^^^^^^^^^\n"
    assert f"{source}    format it: mkext4(root())" in text


def test_recipe_that_cannot_be_loaded(vmdsl: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("print('said')\nsize = 1 / 0\n")
    text = refused(vmdsl("build", "bad.py", "--size", "8G"), 3)
    assert "bad.py:2: ZeroDivisionError: division by zero  [crash]\n     2 | size = 1 / 0\n" in text
    (tmp_path / "bad.py").write_text("def broken(:\n")
    assert "bad.py:1: " in refused(vmdsl("plan", "bad.py"), 3)


def test_option_that_the_recipe_refuses(vmdsl: Run) -> None:
    text = refused(vmdsl("check", GOOD, "--suite", "bookwrom"), 3)
    assert "Debian has no suite bookwrom" in text
    assert "did you mean bookworm?" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["check", "bad.py", "--size", "8Q"],
            (
                "vmdsl: invalid value for '--size': '8Q' is not a size; write it like 512M or 4G"
                "  [usage]\n"
                "    see: vmdsl check bad.py --help\n"
            ),
        ),
        (
            ["check", "bad.py", "--siez", "8G"],
            "vmdsl: no such option: --siez  [usage]\n    did you mean --size?\n",
        ),
        (
            ["check", "bda.py"],
            "vmdsl: there is no recipe bda.py  [no-such-file]\n    did you mean bad.py?\n",
        ),
        (["check", "a/b.py"], "vmdsl: there is no recipe a/b.py: no directory a  [no-such-file]\n"),
        (
            ["check", "."],
            "vmdsl: . is a directory, not a recipe  [no-such-file]\n    did you mean bad.py?\n",
        ),
        (
            ["build", "bad.py", "-o", "images/x.img"],
            (
                "vmdsl: there is no directory images  [output-file]\n"
                "    make it first: mkdir -p images\n"
            ),
        ),
        (
            ["build", "bad.py", "-o", "."],
            "vmdsl: . is a directory  [output-file]\n    name the image: --output bad.img\n",
        ),
        (
            ["build", "bad.py", "-o", "bad.py"],
            "vmdsl: bad.py is the recipe; the image would replace it  [output-file]\n",
        ),
        (
            ["boot", "bad.img", "--firmware", "bios"],
            "vmdsl: there is no image bad.img  [no-such-file]\n",
        ),
        (["frob"], "vmdsl: no such command 'frob'  [usage]\n    see: vmdsl --help\n"),
    ],
)
def test_usage(vmdsl: Run, arguments: list[str], message: str) -> None:
    assert refused(vmdsl(*arguments), 2) == message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_output_where_nothing_can_be_written(vmdsl: Run, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir(mode=0o555)
    text = refused(vmdsl("build", "bad.py", "-o", "images/x.img"), 2)
    assert text.startswith("vmdsl: you cannot write to the directory images  [output-file]\n")


@pytest.mark.parametrize("command", ["build", "check", "plan"])
def test_help_has_the_options_of_the_recipe(vmdsl: Run, command: str) -> None:
    done = vmdsl(command, RECIPES / "hybrid.py", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    panel = done.stdout.partition("Options of hybrid.py")[2]
    for text in ("--size", "--suite", "--no-with-swap", "[default: 4 GiB]", "[default: off]"):
        assert text in panel


def test_plan(vmdsl: Run) -> None:
    done = vmdsl("plan", RECIPES / "hybrid.py", "--size", "8G", "--no-with-swap")
    assert (done.returncode, done.stderr) == (0, "")
    assert "  disk (line 43): image of 8 GiB\n" in done.stdout
    assert "\x1b" not in done.stdout
    assert not [line for line in done.stdout.splitlines() if len(line) > 80]


def test_what_cannot_be_built_yet(vmdsl: Run, tmp_path: Path) -> None:
    recipe = tmp_path / "foreign.py"
    recipe.write_text(FOREIGN.read_text())
    what = "step system: this machine (x86_64) cannot run programs of alpha"
    checked = vmdsl("check", "foreign.py")
    assert (checked.returncode, checked.stderr) == (0, "")
    head, title, obstacle, *_ = checked.stdout.splitlines()
    assert (head, title) == ("foreign.py: no mistakes", "It cannot be built yet")
    assert obstacle.startswith(f"foreign.py:36: {what}")
    planned = vmdsl("plan", "foreign.py")
    assert planned.returncode == 0
    assert planned.stdout.startswith("Plan of foreign.py\n")
    assert planned.stderr.strip() == "\n".join(checked.stdout.splitlines()[1:])
    (data,) = json.loads(vmdsl("plan", "foreign.py", "--json").stdout)["obstacles"]
    assert f"step {data['step']}: {data['what']}".startswith(what)
    built = refused(vmdsl("build", "foreign.py"), 4)
    assert built.startswith(f"foreign.py:36: {what}")
    assert built.endswith("\n1 problem; nothing was built\n")
    assert not list(tmp_path.glob("*.img*"))


def test_plan_as_json_does_not_depend_on_the_place(vmdsl: Run, tmp_path: Path) -> None:
    (tmp_path / GOOD.name).write_text("print('not part of the plan')\n" + GOOD.read_text())
    here = vmdsl("plan", GOOD.name, "--json", "--seed", "x")
    assert here.returncode == 0
    document = json.loads(here.stdout)
    assert document["recipe"] == GOOD.name
    assert document["seed"] == "x"
    assert str(tmp_path) not in here.stdout


def test_reader_that_goes_away(vmdsl: Run, tmp_path: Path, cache: Path) -> None:
    del vmdsl
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [VMDSL, "plan", GOOD, "--json"],
        cwd=tmp_path,
        env={**os.environ, "VMDSL_CACHE": str(cache)},
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_encoding_without_our_letters(tmp_path: Path, cache: Path) -> None:
    done = subprocess.run(
        [VMDSL, "plan", RECIPES / "hybrid.py"],
        cwd=tmp_path,
        env={**os.environ, "VMDSL_CACHE": str(cache), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
    assert b"|1|" in done.stdout


def test_bash_completes_the_options_of_a_recipe(tmp_path: Path) -> None:
    script = """
        PATH=$1:$PATH
        eval "$(_VMDSL_COMPLETE=source_bash vmdsl)"
        complete -p vmdsl
        COMP_WORDS=(vmdsl build "$2" --con) COMP_CWORD=3
        _vmdsl_completion vmdsl
        echo "${COMPREPLY[*]}"
    """
    words = ("bash", "--norc", "-c", script, "bash", VMDSL.parent, RECIPES / "cloud.py")
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "complete -o default -F _vmdsl_completion vmdsl",
        "--console-login",
    ]
    assert done.stderr == ""
