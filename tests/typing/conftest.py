"""What the tests of wrong and of right recipes share."""

from __future__ import annotations

import platform
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from headers import with_header
from vmdsl import programs
from vmdsl.errors import Problem
from vmdsl.explanations.codes import Example, explanations
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


def recipes(folder: Path) -> list[Path]:
    """All recipes of a folder, without the modules that they share."""
    found = sorted(folder.glob("*.py"))
    return [path for path in found if not path.name.startswith(("shared_", "acme_"))]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for folder in ("wrong", "right"):
        if f"{folder}_recipe" in metafunc.fixturenames:
            found = recipes(HERE / folder)
            indirect = folder == "wrong"
            ids = [path.stem for path in found]
            metafunc.parametrize(f"{folder}_recipe", found, ids=ids, indirect=indirect)


@pytest.fixture(scope="session")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of wrong recipes, with their headers."""
    folder = tmp_path_factory.mktemp("typing") / "wrong"
    shutil.copytree(
        HERE / "wrong",
        folder,
        symlinks=True,
        ignore=shutil.ignore_patterns("__pycache__", "headers"),
    )
    for path in recipes(folder):
        path.write_text(with_header(path.read_text("utf-8")), encoding="utf-8")
    return folder


@pytest.fixture
def wrong_recipe(request: pytest.FixtureRequest, wrong: Path) -> Path:
    """One of them."""
    name: str = request.param.name
    return wrong / name


@pytest.fixture(scope="session")
def explained(wrong: Path) -> Mapping[Example, Path]:
    """The recipes of the explanations of codes, as files, beside the module that some import."""
    for name in ("alice.password", "authority.crt", "disk.key", "greeting.txt", "root.password"):
        (wrong / name).write_text("text\n", encoding="utf-8")
    (wrong / "shared").mkdir()
    (wrong / "playbook.yml").write_text("- hosts: all\n  tasks: []\n", encoding="utf-8")
    found = {}
    for code, explanation in explanations().items():
        for example in explanation.examples:
            if example.language == "python":
                text = with_header(f"# header: {example.after}\n\n\n{example.code}")
                word = "wrong" if example.is_wrong else "right"
                found[example] = wrong / f"explained_{code.replace('-', '_')}_{word}.py"
                found[example].write_text(text, encoding="utf-8")
    return found


@pytest.fixture(scope="session")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """mypy's memory, which makes its second run a fast one."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def said_by_mypy(
    mypy_cache: Path,
    wrong: Path,
    explained: Mapping[Example, Path],  # noqa: ARG001 (they are in the folder `wrong` by then)
) -> Mapping[Path, list[Problem]]:
    """What mypy says of each file: one run for all, as a run takes longer than a recipe.

    A file that can't be parsed ends the run at once, so each of these gets one of its own.
    """
    parsed, unparsed = [], []
    for path in [*recipes(wrong), *recipes(HERE / "right")]:
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
def _own_modules(wrong: Path) -> Iterator[None]:
    """What a recipe changes in the interpreter ends with the test."""
    modules, path = set(sys.modules), list(sys.path)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        file = Path(getattr(sys.modules[name], "__file__", None) or "/")
        if file.is_relative_to(HERE) or file.is_relative_to(wrong):
            del sys.modules[name]
