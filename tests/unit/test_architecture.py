"""The division of the code into layers, kept true: see docs/explanation/architecture.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import vmdsl

PACKAGE = Path(vmdsl.__file__).parent
#: From the bottom up. A layer may import those below it.
LAYERS = [
    {"errors", "values", "machines", "programs"},
    {"host"},
    {"language"},
    {"operations"},
    {"plan"},
    {"vmdb2"},
    {"builder"},
    {"boot"},
    {"cli"},
]
HOST_MAY_IMPORT = {"errors", "values", "machines", "programs", "host"}
#: What starts a program, but for subprocess, which has its own rule.
STARTERS = ("system", "popen", "exec", "spawn", "posix_spawn")
MOST_LINES = 400


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in MODULES.items()}


def layer(module: str) -> int:
    """The number of a module's layer; the package itself is what recipes import: language."""
    part = module.partition("vmdsl.")[2].partition(".")[0] or "operations"
    return next(number for number, names in enumerate(LAYERS) if part in names)


def imports(module: str, *, anywhere: bool) -> Iterator[str]:
    """The modules of this package that a module imports, `anywhere` or only while it is loaded.

    What stands under `if TYPE_CHECKING:` counts, too: to read the one module is to read the other.
    """
    nodes: list[ast.AST] = [TREES[module]]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.FunctionDef) and not anywhere:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module
        nodes += ast.iter_child_nodes(node)


def calls(module: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def test_every_module_has_a_layer() -> None:
    parts = {name.split(".")[1] for name in MODULES if "." in name}
    assert parts <= set.union(*LAYERS)


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    upwards = [name for name in imports(module, anywhere=True) if layer(name) > layer(module)]
    assert upwards == []


def test_host_knows_nothing_of_recipes() -> None:
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        if module.startswith("vmdsl.host")
        for name in imports(module, anywhere=True)
        if name.split(".")[1] not in HOST_MAY_IMPORT
    ]
    assert wrong == []


def test_language_and_plan_know_nothing_of_the_host() -> None:
    """They are pure; of programs they ask if one is there and how to get it, and start mypy."""
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        if module.startswith(("vmdsl.language", "vmdsl.operations", "vmdsl.plan"))
        for name in imports(module, anywhere=True)
        if (name.startswith("vmdsl.host") and name != "vmdsl.host.packages")
        or (name == "vmdsl.programs" and not module.startswith("vmdsl.plan."))
    ]
    assert wrong == []


def test_no_import_cycles() -> None:
    graph = {module: set(imports(module, anywhere=False)) for module in MODULES}
    while True:
        leaves = {module for module, wanted in graph.items() if not wanted & graph.keys()}
        if not leaves:
            break
        graph = {module: wanted for module, wanted in graph.items() if module not in leaves}
    assert graph == {}


@pytest.mark.parametrize("module", [name for name in MODULES if name != "vmdsl.programs"])
def test_one_module_starts_programs(module: str) -> None:
    """Others may name subprocess's constants, exceptions and types; only programs calls it."""
    starts = [
        f"line {line}: {called}"
        for line, called in calls(module)
        if (called.startswith("subprocess.") and not called.endswith(("Expired", "ProcessError")))
        or called.startswith(tuple(f"os.{name}" for name in STARTERS))
        or called == "pty.spawn"
    ]
    assert starts == []
    assert [
        ast.unparse(node)
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.ImportFrom) and node.module == "subprocess"
    ] == []


@pytest.mark.parametrize("module", [name for name in MODULES if not name.startswith("vmdsl.cli")])
def test_one_package_prints_and_exits(module: str) -> None:
    said = [
        f"line {line}: {called}"
        for line, called in calls(module)
        if called in {"print", "exit", "quit", "sys.exit", "sys.stdout.write", "sys.stderr.write"}
    ]
    assert said == []


@pytest.mark.parametrize("module", MODULES)
def test_no_module_is_long(module: str) -> None:
    assert len(MODULES[module].read_text("utf-8").splitlines()) <= MOST_LINES


LIBRARY = sorted((PACKAGE.parent / "stdlib/vmdsl_stdlib").glob("*.py"))


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.name)
def test_the_library_is_written_as_anybody_could(path: Path) -> None:
    """It imports what vmdsl exports, and is a package with types."""
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    assert (path.parent / "py.typed").exists()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            assert not [a.name for a in node.names if a.name.startswith("vmdsl")]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vmdsl."):
            pytest.fail(f"{path.name}:{node.lineno} imports {node.module}")
        elif isinstance(node, ast.ImportFrom) and node.module == "vmdsl":
            assert {alias.name for alias in node.names} <= set(vmdsl.__all__)
