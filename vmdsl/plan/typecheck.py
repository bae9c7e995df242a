"""Runs mypy on a recipe, with the configuration that vmdsl ships."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from vmdsl import programs
from vmdsl.errors import HostError, Problem, Where
from vmdsl.plan.causes import NOT_THERE, OPERANDS, causes_of, statements
from vmdsl.plan.hints import OF_MYPY, reworded
from vmdsl.plan.modules import apart, developed, linked, own_modules, sources

#: The variables with which Coverage.py starts in each process of Python.
_MEASURES = "COVERAGE_PROCESS_"
#: mypy's cache directory if it is to have none.
_NO_CACHE = Path(os.devnull)


class Types(Protocol):
    """A check of a recipe's types that runs while the recipe is evaluated."""

    def problems(self) -> tuple[Problem, ...]:
        """Wait for the mistakes, in the order of the recipe's lines."""

    def stop(self) -> None:
        """Stop it, if its result is not needed."""


class Untyped:
    """The check of a recipe that is not in Python, and so has no types."""

    def problems(self) -> tuple[Problem, ...]:
        return ()

    def stop(self) -> None:
        """Do nothing."""


class TypeCheck:
    """A run of mypy in the background, until `problems` is called."""

    def __init__(self, recipe: Path, cache: Path) -> None:
        """Start mypy, whose own cache is in the directory `cache`."""
        self._recipe = recipe.resolve()
        self._cache = _writable(cache.resolve())
        #: Where links are if the cache can't have them; it is removed when mypy has ended.
        self._scratch = TemporaryDirectory(prefix="vmdsl-") if self._cache == _NO_CACHE else None
        self._links = Path(self._scratch.name) if self._scratch else self._cache / "packages"
        is_installed = _apart(self._recipe, self._links) != self._recipe
        # mypy looks for modules where it is started
        self._folder = self._links if is_installed else self._recipe.parent
        self._mypy = self._start(self._cache)

    def _start(self, cache: Path) -> subprocess.Popen[bytes]:
        command = mypy_command(cache, self._recipe, links=self._links)
        return programs.start(
            command, errors=subprocess.PIPE, env=self._environment(), cwd=self._folder
        )

    def _environment(self) -> Mapping[str, str]:
        """Return mypy's environment, with the packages in development mode that it checks.

        It hides the mistakes in these where they are: `pip install -e` has put them into its path.
        Coverage.py does not measure it, which takes as long as it needs to start.
        """
        ours = programs.environment()
        env = {name: ours[name] for name in ours if not name.startswith(_MEASURES)}
        with suppress(OSError):
            links = [linked(package, self._links) for package in developed(self._recipe)]
            folders = [*(str(link.parent) for link in links), os.environ.get("MYPYPATH", "")]
            env["MYPYPATH"] = os.pathsep.join(filter(None, folders))
        return env

    def problems(self) -> tuple[Problem, ...]:
        """Wait for mypy's mistakes in the recipe, in the order of its lines.

        Raises HostError if mypy itself did not work.
        """
        if hidden := hidden_packages(self._recipe):
            self.stop()
            return hidden
        output, errors = self._mypy.communicate()
        if self._failed(output):  # it may be its cache that fails, which it can do without
            self._mypy = self._start(_NO_CACHE)
            output, errors = self._mypy.communicate()
        self._remove_links()
        if self._failed(output):
            said = errors.decode(errors="replace").strip()
            what = f"mypy does not run: {said.splitlines()[-1] if said else 'no message'}"
            hint = f"install it again: {sys.executable} -m pip install --force-reinstall mypy"
            raise HostError(Problem(what=what, hint=hint, code="type-checker"))
        found = read_messages(output.decode(errors="replace"), self._folder)
        own = own_modules(self._recipe)
        return tuple(_in_its_folder(problem, self._recipe, own) for problem in found)

    def _failed(self, output: bytes) -> bool:
        """Return whether mypy found mistakes and shows none: then it is mypy that is wrong."""
        return self._mypy.returncode != 0 and not re.search(rb"^{", output, re.MULTILINE)

    def stop(self) -> None:
        """Stop it, if its result is not needed."""
        self._mypy.kill()
        self._mypy.communicate()
        self._remove_links()

    def _remove_links(self) -> None:
        if self._scratch:
            self._scratch.cleanup()


def _in_its_folder(problem: Problem, recipe: Path, own: Collection[Path]) -> Problem:
    """Return a problem at a file beside the recipe.

    mypy's cache repeats the messages of an equal file, with the path that this has elsewhere.
    """
    where = problem.where
    if where is None or where.file.is_relative_to(recipe.parent) or where.file in own:
        return problem
    beside = recipe.parent / where.file.name
    return replace(problem, where=replace(where, file=beside)) if beside.is_file() else problem


def mypy_command(cache: Path, *recipes: Path, links: Path | None = None) -> list[str]:
    """Return mypy's command line. -P keeps modules in the current folder from replacing mypy's.

    Recipes of installed packages are given by links to these, in the folder `links`.
    """
    found = (file for recipe in recipes for file in sources(recipe))
    with as_file(files("vmdsl.plan") / "mypy.ini") as configuration:
        return [
            sys.executable,
            "-P",
            "-m",
            "mypy",
            f"--config-file={configuration}",
            f"--cache-dir={_writable(cache)}",
            "--output=json",
            "--no-error-summary",
            "--show-absolute-path",
            *map(str, dict.fromkeys(_apart(file, links) if links else file for file in found)),
        ]


def _apart(file: Path, links: Path) -> Path:
    """Return the path of a file by a link to its package, or the path itself without a cache."""
    with suppress(OSError):
        return apart(file, links)
    return file


def _writable(cache: Path) -> Path:
    """Create a directory if it is missing. Return it, or /dev/null if mypy can't write to it."""
    with suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
    return cache if os.access(cache, os.W_OK | os.X_OK) and cache.is_dir() else _NO_CACHE


def hidden_packages(recipe: Path) -> tuple[Problem, ...]:
    """Report modules beside a recipe that mypy takes for the packages which recipes import.

    It would report each use of these. A copy of the package itself hides nothing.
    """
    return tuple(
        Problem(
            what=f"{place.relative_to(recipe.parent)} beside the recipe hides the package {name}",
            where=Where(recipe),
            hint="give it another name",
            code="import",
        )
        for name in ("vmdsl", "vmdsl_stdlib")
        for place in (recipe.parent / name / "__init__.py", recipe.parent / f"{name}.py")
        if place.is_file() and not place.with_name("py.typed").exists()
    )


def read_messages(text: str, folder: Path) -> list[Problem]:
    """Turn mypy's JSON lines into problems; `folder` is where it ran."""
    problems = []
    unreadable: set[Path] = set()
    for line in text.splitlines():
        if not line.startswith("{"):
            continue
        message = json.loads(line)
        if message["severity"] != "error":
            continue
        code = f"  [{message['code']}]" if message["code"] else ""
        file = (folder / message["file"]).resolve()
        said = _of_syntax(file) if message["code"] == "syntax" else ""
        what = f"{said or message['message']}{code}"
        own = message.get("hint") or ""
        if 'defined in "vmdsl.' in own:
            own = ""
        if message["code"] == "syntax" and file in unreadable:
            continue  # it follows from the first one
        unreadable |= {file} if message["code"] == "syntax" else set()
        found = reworded(what, _text(file, message), _names(file), _declared(file))
        problems.append(
            Problem(
                what=what,
                code=found.code,
                where=_where(file, message),
                hint=(found.hint or own).replace("\n", "\n    "),
            )
        )
    problems.sort(key=lambda p: (str(p.where.file), p.where.line) if p.where else ("", 0))
    return [_in_words_of_recipes(problem) for problem in causes_of(problems)]


@lru_cache(maxsize=8)
def _names(file: Path) -> frozenset[str]:
    """Return the names that a file gives to something at its top level."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    found = {one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.ClassDef)}
    stored = (one for one in ast.walk(tree) if isinstance(one, ast.Name))
    return frozenset(found | {one.id for one in stored if isinstance(one.ctx, ast.Store)})


@lru_cache(maxsize=8)
def _declared(file: Path) -> frozenset[str]:
    """Return the names of the options and steps of a recipe, as far as they are written plainly."""
    found = set()
    for one in statements(file):
        match one:
            case ast.FunctionDef(name=name, decorator_list=[_, *_]):
                found.add(name)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=kind))):
                found |= {name} if kind in ("option", "flag", "optional_path") else set()
    return frozenset(found)


def _of_syntax(file: Path) -> str:
    """Return what Python says of a file with a mistake in its syntax: mypy's words vary."""
    try:
        ast.parse(file.read_bytes())
    except SyntaxError as error:
        return f"{error.msg[:1].upper()}{error.msg[1:]}"
    except (OSError, ValueError):
        pass
    return ""


def _where(file: Path, message: Mapping[str, Any]) -> Where:
    line, start = max(message["line"], 0), message["column"]
    misspelt = NOT_THERE.match(message["message"])
    if misspelt and (name := _imported(file, line, misspelt[1])):
        return Where(file, name.lineno, start=name.col_offset, end=name.end_col_offset or -1)
    if _PARAMETERS.match(message["message"]):
        for one in statements(file):
            if isinstance(one, ast.FunctionDef) and line in {d.lineno for d in one.decorator_list}:
                return Where(file, one.lineno, start=one.col_offset)
    if message["code"] in ("import-not-found", "import-untyped"):
        start = -1  # the whole statement
    is_one_line = message.get("end_line") == line
    return Where(file, line, start=start, end=message["end_column"] if is_one_line else -1)


def _imported(file: Path, line: int, name: str) -> ast.alias | None:
    """Return the place of a name in the import that starts at a line: mypy gives the import's."""
    with suppress(OSError, SyntaxError, ValueError):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.ImportFrom) and node.lineno == line:
                return next((one for one in node.names if one.name == name), None)
    return None


#: A step with parameters: mypy means the decorator, and vmdsl the function below it.
_PARAMETERS = re.compile(r'^Argument 1 .*"Callable\[\[.+\], .*"; expected "Callable\[\[\],')
#: mypy's words for what recipes have other words for: the pattern, and these.
_WORDS = (
    (
        r'^Argument .* to "(\w+)" has incompatible type "(Step|Option)\[.*\]"; expected "(.*)"$',
        r"\1() takes \3, and is given a \2 that is not called",
    ),
    (
        r'^Argument .* to "(\w+)" has incompatible type "(Flag)"; expected "(bool)"$',
        r"\1() takes \3, and is given a \2 that is not called",
    ),
    (
        r'^"(?:\w+\.)*(\w+)" has type "(Flag|Option|Step)\b.*" which does not implement.*',
        r"the \2 \1 is not called, so it is always true",
    ),
    (
        r'^"(?:\w+\.)*(\w+)" returns "Fact" which does not implement.*',
        r"the Fact of \1() is known only while building, so `if` cannot ask it",
    ),
    (_PARAMETERS.pattern + ".*", "the step has parameters"),
    (
        r'^No overload variant of "(\w+)" matches argument types? .*?\b(Step|Option|Flag)\b.*$',
        r"\1() is given a \2 that is not called",
    ),
    (
        r'^Value of type variable "\w+" of "(?!mount")(\w+)" cannot be "(Step|Option|Flag)\b.*$',
        r"\1() is given a \2 that is not called",
    ),
    (r'^Library stubs not installed for "([\w.]+)"$', r'mypy knows no types of the module "\1"'),
    (r'^Value of type variable "\w+" of "(\w+)" cannot be "(.*)"$', r"\1() does not take \2"),
)
_CONDITION = 'expected "Condition"'
_SPELLED = {"Step": "a step", "Option": "an option", "Flag": "a flag"}


def _in_words_of_recipes(problem: Problem) -> Problem:
    """Return a problem in words of recipes, and without mypy's code if vmdsl has one for it."""
    if problem.code == OF_MYPY:
        return problem
    what = re.sub(r"  \[[a-z-]+\]$", "", problem.what)
    for pattern, words in _WORDS:
        if _CONDITION not in what:
            what = re.sub(pattern, words, what)
    for kind, spelled in _SPELLED.items():
        what = what.replace(f"a {kind} that is not", f"{spelled} that is not")
        what = what.replace(f"the {kind} ", f"the {kind.lower()} ")
    if problem.code == "unknown-value":  # the hint has the words
        what = re.sub(r'expected ".*Literal\[.*', "expected one of its words", what)
    return replace(problem, what=what)


def _text(file: Path, message: Mapping[str, Any]) -> str:
    """Return the code that a message is about, if it is within one line, or ""."""
    line, column = message["line"], message["column"]
    if line != message.get("end_line") or column < 0:
        return ""
    try:
        code = file.read_bytes().splitlines()[line - 1]
    except (OSError, IndexError):
        return ""
    text = code[column : message["end_column"]].decode("utf-8", "replace")
    return (message["message"].startswith(OPERANDS) and _comparison(file, line, column)) or text


def _comparison(file: Path, line: int, column: int) -> str:
    """Return the comparison that starts at a place: mypy says where its first name is."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ""
    places = ((n, n.lineno, n.col_offset) for n in ast.walk(tree) if isinstance(n, ast.Compare))
    return next((ast.unparse(node) for node, *place in places if place == [line, column]), "")
