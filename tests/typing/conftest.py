"""What the tests of wrong and of right recipes share."""

from __future__ import annotations

import platform
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from vmdsl import programs
from vmdsl.errors import Problem
from vmdsl.language.operation import Recorder
from vmdsl.plan import plan
from vmdsl.plan.guard import guarded
from vmdsl.plan.typecheck import mypy_command, read_messages

HERE = Path(__file__).parent
STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork")

_started: list[list[str]] = []


def _note_start(event: str, arguments: tuple[object, ...]) -> None:
    if event in STARTS:
        command = arguments[1] if event == "subprocess.Popen" else arguments[0]
        _started.append(list(map(str, command)) if isinstance(command, list) else [str(command)])


@pytest.fixture(scope="session")
def _audit() -> None:
    """Note programs that start, after the guard's hook, so that what it refuses is not noted."""
    with guarded(Recorder(HERE, value_of=id, result_of=id)):
        pass
    sys.addaudithook(_note_start)


@pytest.fixture
def started(_audit: None) -> list[list[str]]:
    """The command lines of the programs that the test has started so far."""
    _started.clear()
    return _started


@pytest.fixture(autouse=True)
def any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PC that has every program: what a recipe means is not to depend on where it is tested."""
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(programs, "find", lambda program: f"/usr/bin/{program}")


def recipes(folder: str) -> list[Path]:
    """All recipes of a folder, without the modules that they share."""
    found = sorted((HERE / folder).glob("*.py"))
    return [path for path in found if not path.name.startswith(("shared_", "acme_"))]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for folder in ("wrong", "right"):
        if f"{folder}_recipe" in metafunc.fixturenames:
            found = recipes(folder)
            metafunc.parametrize(f"{folder}_recipe", found, ids=[path.stem for path in found])


@pytest.fixture(scope="session")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """mypy's memory, which makes its second run a fast one."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def said_by_mypy(mypy_cache: Path) -> Mapping[Path, list[Problem]]:
    """What mypy says of each file: one run for all, as a run takes longer than a recipe.

    A file that can't be parsed ends the run at once, so each of these gets one of its own.
    """
    parsed, unparsed = [], []
    for path in [*recipes("wrong"), *recipes("right")]:
        try:
            compile(path.read_bytes(), str(path), "exec")
            parsed.append(path)
        except SyntaxError:
            unparsed.append(path)
    said: dict[Path, list[Problem]] = defaultdict(list)
    for batch in (parsed, *([path] for path in unparsed)):
        for problem in read_messages(
            programs.run(mypy_command(mypy_cache, *batch)).output, Path.cwd()
        ):
            assert problem.where is not None
            said[problem.where.file].append(problem)
    return said


@pytest.fixture
def mypy_says(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[Problem]], None]:
    """Make mypy say something without starting it."""

    def say(problems: list[Problem]) -> None:
        class TypeCheck:
            def __init__(self, recipe: Path, cache: Path) -> None:
                pass

            def problems(self) -> tuple[Problem, ...]:
                return tuple(problems)

            def stop(self) -> None:
                pass

        monkeypatch.setattr(plan, "TypeCheck", TypeCheck)

    return say


@pytest.fixture(autouse=True)
def _own_modules() -> Iterator[None]:
    """What a recipe changes in the interpreter ends with the test."""
    modules, path = set(sys.modules), list(sys.path)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if (
            getattr(sys.modules[name], "__file__", None)
            and HERE in Path(str(sys.modules[name].__file__)).parents
        ):
            del sys.modules[name]
