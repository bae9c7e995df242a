"""The entry point: runs a command, and turns errors into messages and an exit code."""

from __future__ import annotations

import ast
import errno
import os
import re
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from types import FrameType

import typer

from vmdsl import programs
from vmdsl.cli.reporting import TEXT, collecting, format_of, report_error
from vmdsl.errors import Problem, UsageError, VmdslError
from vmdsl.similar import closest

_SHOWN = 60
#: As many choices are listed in a report, and as many that are like what was written.
_LISTED, _NEAR = 24, 4
#: The commands that take a recipe.
_OF_RECIPES = [[name] for name in ("build", "check", "plan", "to-yaml")]
_INTERRUPTED = 128 + signal.SIGINT
#: The environment variable with which Python's sets have the same order in each run.
_SEED = {"PYTHONHASHSEED": "0"}


def main() -> None:
    """Run the command line of this process."""
    _open_closed_streams()
    if os.environ.get("PYTHONHASHSEED") != "0" and depends_on_hashes(sys.argv[1:]):
        programs.start_again(_SEED)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # rather than fail at a character it can't encode
    sys.exit(run(sys.argv[1:]))


def _open_closed_streams() -> None:
    """Open /dev/null for the standard streams that the caller has closed.

    Otherwise the next files would get their numbers, and what is written to the streams.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))


def run(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name, and return the exit code.

    In another format than text, what it finds is printed as one document at the end.
    """
    form = format_of(arguments)
    if form == TEXT:
        return _code_of(arguments)
    from vmdsl.review.reports import FORMATS, Report  # noqa: PLC0415 (slow)

    with collecting() as entries, redirect_stdout(sys.stderr):  # it has the document alone
        code = _code_of(arguments)
    report = Report(entries=entries, exit_code=code, top=_top(form))
    with suppress(BrokenPipeError):
        typer.echo(FORMATS[form](report), nl=False)
    return code


def _top(form: str) -> Path:
    """Return the directory that reports start from: for GitHub that of the repository."""
    here, workspace = Path.cwd(), os.environ.get("GITHUB_WORKSPACE", "")
    is_inside = workspace and here.is_relative_to(workspace)
    return Path(workspace) if is_inside and form != "json" else here


def _code_of(arguments: Sequence[str]) -> int:
    """Run a command, report what is wrong, and return the exit code."""
    try:
        with _errors_of_paths():
            code = _run(arguments)
    except VmdslError as error:
        report_error(error, building=arguments[:1] == ["build"])
        return VmdslError.exit_code if compares(arguments) else error.exit_code
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return VmdslError.exit_code
    except Exception as error:  # noqa: BLE001 (a bug; the user is told so)
        if os.environ.get("VMDSL_DEBUG") == "1":
            traceback.print_exc()
        typer.echo(
            f"vmdsl: this is a bug in vmdsl: {type(error).__name__}: {error} "
            "(VMDSL_DEBUG=1 shows where)",
            err=True,
        )
        return VmdslError.exit_code
    if code == _INTERRUPTED:
        typer.echo("vmdsl: interrupted", err=True)
    return code


def compares(arguments: Sequence[str]) -> bool:
    """Return whether a command exits with 2 for a difference, and so with 1 for any error."""
    command, *rest = arguments or [""]
    return command == "diff" or (
        command == "plan" and any(one.partition("=")[0] == "--check" for one in rest)
    )


def depends_on_hashes(arguments: Sequence[str]) -> bool:
    """Return whether a recipe among the arguments, or a module beside it, makes a set.

    The order in a set depends on a seed, which a process has from its start.
    """
    if arguments[:1] == ["diff"]:
        return True  # of two recipes, of which one may be in another revision
    left = [Path(word) for word in arguments if word.endswith(".py")]
    words = [word for word in arguments[1:] if not word.startswith("-")]
    if not left and arguments[:1] in _OF_RECIPES and not all(map(os.path.isfile, words)):
        return True  # one that a package offers by name may do it
    seen: set[Path] = set()
    while left:
        file = left.pop()
        with suppress(OSError, SyntaxError, ValueError):
            for node in ast.walk(ast.parse(file.read_bytes())) if file not in seen else ():
                match node:
                    case (
                        ast.Set()
                        | ast.SetComp()
                        | ast.Name(id="set" | "frozenset" | "hash")
                        | ast.BinOp(left=ast.Call(func=ast.Attribute(attr="keys" | "items")))
                    ):
                        return True
                    case ast.Import(names=names):
                        left += [file.with_name(f"{one.name}.py") for one in names]
                    case ast.ImportFrom(module=str(name)):
                        left.append(file.with_name(f"{name}.py"))
        seen.add(file)
    return False


def _run(arguments: Sequence[str]) -> int:
    from vmdsl.cli.app import make_app  # noqa: PLC0415 (slow)

    try:
        result = make_app()(list(arguments) or ["--help"], prog_name="vmdsl", standalone_mode=False)
    except typer.TyperException as error:
        raise _usage_error(error) from None
    except typer.Abort:
        return _INTERRUPTED
    return result if isinstance(result, int) else 0


@contextmanager
def _errors_of_paths() -> Iterator[None]:
    """Turn the error of a path that is too long, or that may not be looked at, into one of ours.

    A full disk is one of this machine.
    """
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            from vmdsl.host.full import error_of_disk  # noqa: PLC0415 (not for every command)

            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left of it
            raise error_of_disk(error, "the disk of standard output") from None
        path = str(error.filename or "a path")
        if error.errno == errno.ENAMETOOLONG:
            what = f"this path is too long: {path[:_SHOWN]}… ({len(path)} characters)"
            hint = "use a shorter one"
        elif error.errno == errno.EACCES and error.filename:
            what = f"this user may not look at {path}"
            closed = next((one for one in reversed(Path(path).parents) if not _may_enter(one)), "")
            hint = f"the directory {closed} is closed to it" if closed else ""
        else:
            raise
        raise UsageError(Problem(what=what, hint=hint, code="usage")) from None


def _may_enter(directory: Path) -> bool:
    return os.access(directory, os.X_OK)


def _usage_error(error: typer.TyperException) -> UsageError:
    """Turn typer's error into one of ours."""
    what, _, close = error.format_message().partition(". Did you mean ")
    possible = getattr(error, "possibilities", None)
    context = getattr(error, "ctx", None)
    if possible:
        what, close = error.message, f"{' or '.join(sorted(possible))}?"
    if (option := getattr(error, "option_name", "")) and context and what.startswith("No such"):
        known = [name for one in context.command.get_params(context) for name in one.opts]
        named = closest(option, [name for name in known if name.startswith("--")])
        close = f"{named}?" if named else close
    what = what.replace("Value error, ", "").removesuffix(".")
    if " is not one of " in what:
        written, *choices = re.findall(r"'([^']*)'", what.partition(": ")[2])
        close = _choice_meant(written, choices)
        if len(choices) > _LISTED:
            what = f"{what.partition(' is not one of ')[0]} is not one of its {len(choices)} values"
    if close:
        hint = f"did you mean {close}"
    else:
        recipe = f" {context.obj}" if context and context.obj else ""
        hint = f"see: {context.command_path}{recipe} --help" if context else ""
    return UsageError(Problem(what=what[:1].lower() + what[1:], hint=hint, code="usage"))


def _choice_meant(written: str, choices: Sequence[str]) -> str:
    """Return the choice that was meant, or the few that have the word in their name, or ""."""
    if one := closest(written, choices):
        return f"{one}?"
    near = [one for one in choices if len(written) > 1 and written.casefold() in one.casefold()]
    return f"{' or '.join(near)}?" if 0 < len(near) <= _NEAR else ""


def _end(number: int, frame: FrameType | None) -> None:
    """Exit in an orderly way, so that the terminal is restored."""
    del frame
    sys.exit(128 + number)
