"""Asks shells for mistakes in the syntax of scripts. They only read them, and run nothing."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence

from vmdsl import programs
from vmdsl.errors import Problem
from vmdsl.language.operation import Operation, Script, Work

#: Shells that can read a script without running it, which is what `-n` asks for.
_SHELLS = ("sh", "dash", "bash", "ksh", "zsh")
#: No settings of the user, such as BASH_ENV, may run anything.
_ENVIRONMENT = {"PATH": programs.SEARCH, "LC_ALL": "C.UTF-8"}
_PATIENCE = 5.0
_PLACE = "/dev/stdin"
_MESSAGE = re.compile(rf"^{_PLACE}: (?:line )?(\d+): (?:[Ss]yntax error:? *)?(.*)", re.MULTILINE)
#: A line after which a script may go on with what is no shell any more.
_ENDS = re.compile(r"(exit|exec)\b")


def syntax_problems(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report scripts that their shell cannot read, if this machine has that shell."""
    known: dict[Script, str] = {}
    for operation in operations:
        for script in operation.scripts() if isinstance(operation, Work) else ():
            if script.interpreter in _SHELLS and (shell := programs.find(script.interpreter)):
                if script not in known:
                    known[script] = _mistake(shell, script)
                if known[script]:
                    what, _, line = known[script].partition("\n")
                    yield operation.problem(what, line, about=script.about)


def _mistake(shell: str, script: Script) -> str:
    """Return what a shell says about a script, and the line that it means; empty if it is good."""
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
    return f"line {number} of {script.name} is wrong: {said[2].strip()}\n{shown}"
