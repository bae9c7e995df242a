"""Finds mistakes in the syntax of scripts. Shells and Python only read them, and run nothing."""

from __future__ import annotations

import platform
import re
import subprocess
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace

from vmdsl import programs
from vmdsl.errors import Advice, Problem, Where
from vmdsl.language.operation import Operation, Script, Work, problem_in
from vmdsl.plan.merge import statement_starts
from vmdsl.plan.rules.scripts import BY_ITS_PATH, names_another

#: Shells that can read a script without running it, which is what `-n` asks for.
_SHELLS = ("sh", "dash", "bash", "ksh", "zsh")
#: Python 2 has another syntax.
_PYTHON = re.compile(r"python3(\.\d+)?")
#: No settings of the user, such as BASH_ENV, may run anything.
_ENVIRONMENT = {"PATH": programs.SEARCH, "LC_ALL": "C.UTF-8"}
_PATIENCE = 5.0
_PLACE = "/dev/stdin"
_MESSAGE = re.compile(rf"^{_PLACE}: (?:line )?(\d+): (?:[Ss]yntax error:? *)?(.*)", re.MULTILINE)
#: A line after which a script may go on with what is no shell any more.
_ENDS = re.compile(r"(exit|exec)\b")


def syntax_problems(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report scripts that their shell cannot read, if this machine has that shell.

    A file that may not be run is only warned of, and so is one in Python, of which the system may
    have another version.
    """
    known: dict[Script, str] = {}
    for operation in operations:
        for script in operation.scripts() if isinstance(operation, Work) else ():
            if script not in known:
                known[script] = _mistake(script)
            if known[script]:
                what, _, line = known[script].partition("\n")
                sure = script.interpreter in _SHELLS and not script.may_be_data
                kind = Problem if sure else Advice
                found = problem_in(
                    operation, what, line, about=script.about, kind=kind, code="script-syntax"
                )
                yield _at_its_line(found)


def _at_its_line(problem: Problem) -> Problem:
    """Return a problem at the line of its script, which is the hint, if it stands in the call."""
    where = problem.where
    if where is None or where.path or not where.line:
        return problem
    starts = statement_starts(where.file)
    lines = where.file.read_text(encoding="utf-8").splitlines() if starts else []
    there = [
        number
        for number, start in starts.items()
        if start == starts.get(where.line) and lines[number - 1].strip() == problem.hint
    ]
    if len(there) != 1:
        return problem
    return replace(problem, where=Where(where.file, there[0]), hint="")


def _mistake(script: Script) -> str:
    """Return what is wrong with a script, and the line that is meant; empty if it is good."""
    if _PYTHON.fullmatch(script.interpreter):
        return _mistake_in_python(script)
    shell = programs.find(script.interpreter) if script.interpreter in _SHELLS else None
    return _mistake_in_shell(shell, script) if shell else ""


def _mistake_in_python(script: Script) -> str:
    if "\0" in script.text:
        return ""  # some versions of Python read it
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(script.text, script.name, "exec", dont_inherit=True)
    except SyntaxError as error:
        number = error.lineno or 1
        version = ".".join(platform.python_version_tuple()[:2])
        said = f"line {number} of {script.name} is wrong for Python {version}: {error.msg}"
        return f"{said}\n{(error.text or '').strip()}"
    except (ValueError, RecursionError, MemoryError):
        return ""  # it is only a help
    return ""


def _mistake_in_shell(shell: str, script: Script) -> str:
    options = ("-O", "extglob") if script.interpreter == "bash" and "extglob" in script.text else ()
    try:
        done = programs.run(
            [shell, *options, "-n", _PLACE],
            env=_ENVIRONMENT,
            stdin=script.text.encode("utf-8", "surrogateescape"),
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""  # it is only a help
    said = None if done.ok else _MESSAGE.search(done.output)
    if said is None:
        return ""
    lines = script.text.splitlines()
    number = int(said[1])
    if any(map(_ENDS.match, lines[: number - 1])):
        return ""
    shown = lines[number - 1].strip() if number <= len(lines) else ""
    if not shown and "end of file" in said[2]:
        shown = "close what is open: if … fi, do … done, case … esac, a quote, a here-document"
    if script.interpreter == "sh" and names_another(script.text):
        shown = f"it is run by sh, whatever #! says: {BY_ITS_PATH}"
    return f"line {number} of {script.name} is wrong: {said[2].strip()}\n{shown}"
