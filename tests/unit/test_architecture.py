"""The division of the code into layers, kept true: see docs/explanation/architecture.md."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import vmdsl
from vmdsl.builder.cache.keys import IMAGE_CODE, LAYER_CODE

PACKAGE = Path(vmdsl.__file__).parent
#: From the bottom up. A layer may import those below it.
LAYERS = [
    {"errors", "values", "similar", "explanations", "machines", "programs", "emulation"},
    {"host"},
    {"existing"},
    {"language"},
    {"operations"},
    {"plan"},
    {"policies"},
    {"review"},
    {"vmdb2"},
    {"builder"},
    {"boot", "disks"},
    {"cli"},
]
HOST_MAY_IMPORT = {"errors", "values", "machines", "programs", "host"}
#: The rooms of the builder, from the bottom up, with the rooms that each may import. The modules
#: beside them are the pipeline, which no room knows.
ROOMS: dict[str, set[str]] = {
    "report": set(),
    "sandbox": set(),
    "image": {"sandbox"},
    "cache": {"image", "sandbox"},
    "tree": {"report", "sandbox", "image", "cache"},
    "volumes": {"image"},
    "filesystems": {"image", "tree"},
}
#: Layers are made with these modules, which don't change a byte of them.
NOT_IN_LAYERS = {
    "vmdsl.builder.cache.cache_dir",  # names of directories
    "vmdsl.builder.cache.tools",  # they make no layer
    "vmdsl.builder.events",  # what is reported
    "vmdsl.builder.job",  # data, which are in the key themselves
    "vmdsl.builder.report.mask",  # what is reported
    "vmdsl.builder.report.progress",
    "vmdsl.builder.report.timing",
    "vmdsl.emulation",  # emulated or not, programs do the same
    "vmdsl.host.facts",  # words of messages
    "vmdsl.host.full",
    "vmdsl.host.identity",
    "vmdsl.similar",  # words of messages
}
#: What starts a program, but for subprocess, which has its own rule.
STARTERS = ("system", "popen", "exec", "spawn", "posix_spawn")
MOST_LINES = 400


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in MODULES.items()}


def layer(module: str) -> int:
    """Return a module's layer. The package itself exports operations, so it is one of theirs."""
    part = module.partition("vmdsl.")[2].partition(".")[0] or "operations"
    return next(number for number, names in enumerate(LAYERS) if part in names)


def imports(module: str) -> Iterator[str]:
    """Yield the modules that a module imports, also in functions and for types alone.

    To read the one module is to read the other. Imports have full names, as a test says.
    """
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module


def calls(module: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


@pytest.mark.parametrize("module", MODULES)
def test_imports_have_full_names(module: str) -> None:
    """So `imports` sees them all."""
    relative = [n for n in ast.walk(TREES[module]) if isinstance(n, ast.ImportFrom) and n.level]
    assert relative == []


def test_every_module_has_a_layer() -> None:
    parts = {name.split(".")[1] for name in MODULES if "." in name}
    assert parts <= set.union(*LAYERS)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_imported_by_its_name(module: str) -> None:
    """So none is left out where lines are counted that no test runs."""
    importlib.import_module(module)


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    upwards = [name for name in imports(module) if layer(name) > layer(module)]
    assert upwards == []


def test_host_knows_nothing_of_recipes() -> None:
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        if module.startswith("vmdsl.host")
        for name in imports(module)
        if name.split(".")[1] not in HOST_MAY_IMPORT
    ]
    assert wrong == []


def test_language_and_plan_know_nothing_of_the_host() -> None:
    """They are pure; of programs they ask if one is there and how to get it, and start mypy."""
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        if module.startswith(("vmdsl.language", "vmdsl.operations", "vmdsl.plan"))
        for name in imports(module)
        if name.startswith("vmdsl.host")
        or (name == "vmdsl.programs" and not module.startswith("vmdsl.plan."))
    ]
    assert wrong == []


def test_rules_know_no_operations_by_name() -> None:
    """They ask what any operation says; those of a file or a boot loader have their own checks."""
    known = {
        name
        for module in MODULES
        if module.startswith("vmdsl.plan.rules")
        for name in imports(module)
        if name.startswith("vmdsl.operations")
    }
    assert known == {"vmdsl.operations.systems.roots"}


def without_leaves(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return the part of a graph that is in cycles, or leads to one."""
    while True:
        leaves = {name for name, wanted in graph.items() if not wanted & graph.keys()}
        if not leaves:
            return graph
        graph = {name: wanted for name, wanted in graph.items() if name not in leaves}


def test_no_import_cycles() -> None:
    graph = {module: set(imports(module)) for module in MODULES}
    assert without_leaves(graph) == {}


def folder_of(module: str) -> str:
    """Return a module's folder, or the module itself where the folder has others in it."""
    folder = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    is_hall = any(
        path.name == "__init__.py" and name.startswith(f"{folder}.")
        for name, path in MODULES.items()
    )
    return module if is_hall else folder


def test_no_import_cycles_of_folders() -> None:
    graph: dict[str, set[str]] = {folder_of(module): set() for module in MODULES}
    for module in MODULES:
        folder = folder_of(module)
        graph[folder] |= {folder_of(name) for name in imports(module)} - {folder}
    assert without_leaves(graph) == {}


def room_of(module: str) -> str:
    """Return the room of the builder that a module is in; empty for one of the pipeline."""
    inside = module.removeprefix("vmdsl.builder").split(".")
    return inside[1] if len(inside) > 2 or module in ROOM_PACKAGES else ""


ROOM_PACKAGES = {f"vmdsl.builder.{room}" for room in ROOMS}
IN_ROOMS = [m for m in MODULES if m.startswith("vmdsl.builder.") and room_of(m)]


def test_the_builder_has_these_rooms() -> None:
    assert {room_of(module) for module in IN_ROOMS} == set(ROOMS)
    for number, (room, known) in enumerate(ROOMS.items()):
        assert known <= set(list(ROOMS)[:number]), room


@pytest.mark.parametrize("module", IN_ROOMS)
def test_rooms_know_the_rooms_below(module: str) -> None:
    room = room_of(module)
    known = {room, *ROOMS[room]}
    wrong = [
        name
        for name in imports(module)
        if name.startswith("vmdsl.builder.") and room_of(name) not in known
    ]
    assert wrong == []


def all_imports(*modules: str) -> set[str]:
    """Return some modules, and all that they import, directly or not."""
    found: set[str] = set()
    pending = list(modules)
    while pending:
        module = pending.pop()
        if module not in found:
            found.add(module)
            pending += imports(module)
    return found


def is_covered(module: str, code: tuple[str, ...]) -> bool:
    path = MODULES[module].relative_to(PACKAGE)
    return any(path.is_relative_to(name) for name in code)


#: They import all that makes layers.
MAKERS_OF_LAYERS = [
    *("vmdsl.builder.grow", "vmdsl.builder.sandbox.namespaces", "vmdsl.plan.lay_out"),
    "vmdsl.language.steps",  # by the recipe, which the sandbox loads for its own operations
    *(name for name in MODULES if name.startswith("vmdsl.operations.")),
]


def test_keys_cover_the_code() -> None:
    """All that layers and images are made with is in their keys."""
    of_layers = all_imports(*MAKERS_OF_LAYERS)
    missed = {module for module in of_layers if not is_covered(module, LAYER_CODE)}
    assert missed == NOT_IN_LAYERS
    kinds = [name for name in MODULES if name.startswith("vmdsl.builder.filesystems.")]
    of_image = all_imports("vmdsl.builder.assemble", *kinds)  # they are imported by their names
    missed = {m for m in of_image if not is_covered(m, (*LAYER_CODE, *IMAGE_CODE))}
    assert missed <= NOT_IN_LAYERS


def test_keys_cover_no_other_code() -> None:
    assert [name for name in (*LAYER_CODE, *IMAGE_CODE) if not (PACKAGE / name).exists()] == []
    of_layers = {*all_imports(*MAKERS_OF_LAYERS), "vmdsl.builder.inner"}
    covered = {m for m in MODULES if is_covered(m, LAYER_CODE)}
    empty = {m for m in covered if MODULES[m].name == "__init__.py"}
    assert covered - of_layers - empty == set()


def test_the_language_has_no_imports_for_types_alone() -> None:
    """`if not TYPE_CHECKING` hides something of a class from mypy, which is another thing."""
    found = [
        f"{module}:{node.lineno}"
        for module in MODULES
        if module.startswith("vmdsl.language")
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        if any(isinstance(inner, ast.Import | ast.ImportFrom) for inner in ast.walk(node))
    ]
    assert found == []


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
        if isinstance(node, ast.ImportFrom) and node.module in {"os", "pty", "subprocess"}
    ] == []


@pytest.mark.parametrize("module", [name for name in MODULES if not name.startswith("vmdsl.cli")])
def test_one_package_prints_and_exits(module: str) -> None:
    said = [
        f"line {line}: {called}"
        for line, called in calls(module)
        if called in {"print", "exit", "quit", "sys.exit"}
        or (called.startswith(("sys.stdout.", "sys.stderr.")) and called.endswith("write"))
    ]
    assert said == []


@pytest.mark.parametrize("module", MODULES)
def test_no_module_is_long(module: str) -> None:
    assert len(MODULES[module].read_text("utf-8").splitlines()) <= MOST_LINES


MAP = (Path(__file__).parents[2] / "docs/explanation/architecture.md").read_text("utf-8")
#: The rows of the table of rooms: folders, which end with /, and modules beside them.
ROWS = [re.findall(r"`([^`]+)`", row) for row in re.findall(r"^\| (`.+?) \|", MAP, re.MULTILINE)]
ROW_OF = {name: number for number, row in enumerate(ROWS) for name in row}


def room_in_map(module: str) -> str:
    """Return the name in the table for a module: its own, or that of its folder."""
    path = MODULES[module].relative_to(PACKAGE)
    return str(path) if str(path) in ROW_OF else f"{path.parent}/"


@pytest.mark.parametrize("module", [name for name in MODULES if name != "vmdsl"])
def test_rooms_import_rooms_above_them_in_the_map(module: str) -> None:
    room = room_in_map(module)
    assert room in ROW_OF
    wrong = {
        other
        for other in map(room_in_map, set(imports(module)) - {"vmdsl"})
        if ROW_OF[other] > ROW_OF[room] and not other.startswith(room)
    }
    assert wrong == set()


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
