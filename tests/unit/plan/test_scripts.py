"""What shells say about scripts; here they only say it, as unit tests start no program."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from vmdsl import RootFs, chroot, copy_file, copy_tree, create_file, programs
from vmdsl.errors import Advice
from vmdsl.language.operation import Recorder
from vmdsl.plan.evaluate import evaluate
from vmdsl.plan.load import load
from vmdsl.plan.scripts import syntax_problems

Told = list[tuple[str, str]]


@pytest.fixture
def shells(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Shells that don't like the word `bad`; and the command lines of those that have started."""
    started: list[list[str]] = []

    def run(argv: list[str], *, stdin: bytes, **_: object) -> programs.Finished:
        started.append(argv)
        if b"slow" in stdin:
            raise subprocess.TimeoutExpired(argv, 1)
        bad = [n for n, line in enumerate(stdin.decode().splitlines(), 1) if "bad" in line]
        said = {
            "sh": "/dev/stdin: {}: Syntax error: bad unexpected\n",
            "bash": "/dev/stdin: line {}: syntax error near unexpected token `bad'\n",
        }[Path(argv[0]).name]
        text = "".join(said.format(number) for number in bad)
        return programs.Finished(argv=tuple(argv), code=2 if bad else 0, output=text)

    monkeypatch.setattr(programs, "run", run)
    monkeypatch.setattr(
        programs, "find", lambda name: f"/bin/{name}" if name in ("sh", "bash") else None
    )
    return started


def told(recorder: Recorder) -> Told:
    return [(p.what, p.hint) for p in syntax_problems(recorder.operations)]


def test_line_and_reason(recorder: Recorder, system: RootFs, shells: list[list[str]]) -> None:
    chroot(system, "echo good")
    chroot(system, "echo one\n  bad two\n")
    create_file(system, "/usr/bin/a", "#!/bin/bash -e\nbad\n")
    create_file(system, "/usr/bin/b", "#! /usr/bin/env -S bash\nshopt -s extglob\n")
    assert told(recorder) == [
        ("line 2 of the script is wrong: bad unexpected", "bad two"),
        ("line 2 of /usr/bin/a is wrong: near unexpected token `bad'", "bad"),
    ]
    assert shells == [
        ["/bin/sh", "-n", "/dev/stdin"],
        ["/bin/sh", "-n", "/dev/stdin"],
        ["/bin/bash", "-n", "/dev/stdin"],
        ["/bin/bash", "-O", "extglob", "-n", "/dev/stdin"],
    ]


RECIPE = """\
@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(GiB(4))))))

@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")

@step
def scripts() -> None:
    chroot(
        system(),
        '''
            echo one
            bad two
        ''',
    )
    chroot(system(), '''
        bad three
        bad three
    ''')
"""


@pytest.mark.usefixtures("shells")
def test_a_line_that_stands_in_the_recipe(write: Callable[[str], Path]) -> None:
    path = write(RECIPE)
    lines = path.read_text(encoding="utf-8").splitlines()
    first, second = syntax_problems(evaluate(load(path), {}).operations)
    assert first.where is not None
    assert second.where is not None
    assert lines[first.where.line - 1].strip() == "bad two"
    assert (first.what, first.hint) == ("line 3 of the script is wrong: bad unexpected", "")
    assert lines[second.where.line - 1].strip() == "chroot(system(), '''"
    assert second.hint == "bad three"


@pytest.mark.parametrize(
    "text",
    [
        "bad",
        "#!/usr/bin/python3\nbad\n",
        "#!/bin/zsh\nbad\n",
        "#!/bin/sh\nexit 0\nbad\n",
        "#!/bin/sh\nslow; bad\n",
        "#!\nbad\n",
        "#!/usr/bin/env\nbad\n",
    ],
)
def test_what_no_shell_of_this_machine_reads(
    recorder: Recorder, system: RootFs, shells: list[list[str]], text: str
) -> None:
    create_file(system, "/usr/bin/a", text)
    assert told(recorder) == []
    assert all(Path(argv[0]).name == "sh" for argv in shells)


def test_local_files(
    recorder: Recorder, system: RootFs, shells: list[list[str]], tmp_path: Path
) -> None:
    assert shells == []
    (tmp_path / "good").write_text("#!/bin/sh\necho\n")
    (tmp_path / "wrong").write_text("#!/bin/sh\nbad\n")
    (tmp_path / "binary").write_bytes(b"#!/bin/sh\nbad\xff\n")
    (tmp_path / "large").write_text("#!/bin/sh\nbad\n" + " " * 2**18)
    for name in ("good", "wrong", "binary", "large", "missing"):
        copy_file(system, tmp_path / name, f"/usr/bin/{name}")
    assert told(recorder) == [(f"line 2 of {tmp_path / 'wrong'} is wrong: bad unexpected", "bad")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def a():\nreturn 1", "line 3 of /a is wrong for Python 3."),
        ("if x = 1:\n    pass\n", "line 2 of /a is wrong for Python 3."),
        ("print('a'\n", "line 2 of /a is wrong for Python 3."),
        ("return 1\n", "'return' outside function"),
        ("if 1 is 1: print('\\d')\nmatch 1:\n    case 1: pass\n", ""),
        ("x = 1\0\n", ""),
        ("-" * 100_000 + "1\n", ""),
    ],
)
def test_python(recorder: Recorder, system: RootFs, text: str, expected: str) -> None:
    """It is only a warning: the system may have another version."""
    create_file(system, "/a", f"#!/usr/bin/env python3\n{text}")
    create_file(system, "/b", f"#!/usr/bin/python2\n{text}")
    found = list(syntax_problems(recorder.operations))
    assert len(found) == bool(expected)
    for problem in found:
        assert isinstance(problem, Advice)
        assert expected in problem.what


def test_copied_directories(
    recorder: Recorder, system: RootFs, shells: list[list[str]], tmp_path: Path
) -> None:
    """Only what can be run is looked at, and it is a warning: nobody may run it."""
    (tmp_path / "in" / "bin").mkdir(parents=True)
    for name, mode in (("wrong", 0o755), ("data", 0o644)):
        (tmp_path / "in" / "bin" / name).write_text("#!/bin/sh\nbad\n")
        (tmp_path / "in" / "bin" / name).chmod(mode)
    copy_tree(system, tmp_path / "in", "/usr/local")
    (problem,) = syntax_problems(recorder.operations)
    assert isinstance(problem, Advice)
    assert problem.what.endswith("in/bin/wrong is wrong: bad unexpected")
    assert len(shells) == 1


def test_the_same_script_is_read_once(
    recorder: Recorder, system: RootFs, shells: list[list[str]]
) -> None:
    for _ in range(3):
        chroot(system, "bad")
    assert len(told(recorder)) == 3
    assert len(shells) == 1
