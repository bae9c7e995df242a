"""Each operation, by case files: arguments and facts on one side, what is run and written on the
other. README.md says what is in a file."""

from __future__ import annotations

import copy
import functools
import inspect
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import vmdsl
import vmdsl_stdlib
from made_images import cloud_image
from vmdsl import programs
from vmdsl.builder.assemble import kind_of
from vmdsl.builder.filesystems.btrfs import format_btrfs
from vmdsl.builder.filesystems.f2fs import format_f2fs
from vmdsl.builder.filesystems.target import Target
from vmdsl.builder.filesystems.xfs import format_xfs
from vmdsl.builder.image.table import table_script
from vmdsl.builder.tree.swap_files import make_swap_file
from vmdsl.builder.volumes.devices import Devices
from vmdsl.builder.volumes.lvm import description
from vmdsl.language.effects import (
    COPY_ALL,
    CopyRules,
    ImageOperation,
    PackageCache,
    Tree,
    TreeOperation,
)
from vmdsl.language.handles import (
    BlockDevice,
    Disk,
    Filesystem,
    LogicalVolume,
    Luks,
    Partition,
    SwapFile,
    Table,
    VolumeGroup,
)
from vmdsl.language.layout import Layout
from vmdsl.language.operation import Fact, LayoutOperation, Operation, summary_of
from vmdsl.language.secret import Secret
from vmdsl.plan.evaluate import evaluate
from vmdsl.plan.lay_out import lay_out
from vmdsl.plan.load import load
from vmdsl.plan.plan import Plan
from vmdsl.plan.render import Encoder
from vmdsl.plan.rules.machine import obstacles

HERE = Path(__file__).parent
CASES = sorted(HERE.glob("*/*.json"))
REWRITE = os.environ.get("VMDSL_GOLDEN") == "rewrite"
EPOCH = 1_700_000_000
_MOST_SHOWN = 4096
#: What is exported and records nothing.
NO_OPERATIONS = {
    *("step", "step_if", "option", "optional_path", "flag", "require", "record", "refuse", "warn"),
    *("Board", "RaspberryPi"),
    *("KiB", "MiB", "GiB", "TiB", "kB", "MB", "GB", "TB", "sectors", "position"),
}
#: Of kinds that vmdsl itself changes what their tools made: there is nothing here to change.
_FORMATTERS: dict[str, Callable[[Target, Path | None], object]] = {
    "btrfs": lambda target, _: format_btrfs(target),
    "f2fs": format_f2fs,
    "xfs": lambda target, _: format_xfs(target),
}


class Log:
    """What an operation does, in order; paths of this machine are named, not shown."""

    def __init__(self, answers: Mapping[str, Any], places: Mapping[Path, str]) -> None:
        self.does: list[dict[str, Any]] = []
        self._answers = copy.deepcopy(dict(answers))
        self._places = places

    def add(self, kind: str, what: Any, **more: Any) -> None:
        said = {key: value for key, value in more.items() if value or value is False}
        entry = {kind: what, **said}
        self.does.append(self._plain(entry))

    def answer(self, name: str) -> Any:
        return self._answers.get(name)

    def _plain(self, value: Any) -> Any:
        match value:
            case dict():
                return {str(key): self._plain(one) for key, one in value.items()}
            case list() | tuple():
                return [self._plain(one) for one in value]
            case bytes():
                return self._plain(text) if (text := _text(value)) is not None else value.hex()
            case None | bool() | int() | float():
                return value
        text = str(value)
        for place, name in self._places.items():
            text = text.replace(str(place), name)
        return text


def _text(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


class RecordedTree(PackageCache):
    """Tree and PackageCache of vmdsl.language.effects, where nothing happens."""

    following: tuple[TreeOperation, ...] = ()

    def __init__(self, log: Log, case: Mapping[str, Any], layout: Layout, here: Path) -> None:
        self.path = here / "tree"
        self.scratch = here / "scratch"
        self.scratch.mkdir(exist_ok=True)
        self.recipe_directory = here
        self.layout = layout
        self.epoch = EPOCH
        self._log = log
        self._files = dict(case.get("tree", {}))

    def run(
        self,
        *command: str,
        env: Mapping[str, str] | None = None,
        stdin: bytes | str = "",
        script: bool = False,
    ) -> None:
        del script  # it says so itself
        self._log.add("run", command, env=dict(env or {}), stdin=stdin)

    def chroot(
        self,
        *command: str,
        env: Mapping[str, str] | None = None,
        stdin: bytes | str = "",
        script: bool = False,
    ) -> None:
        del script  # it says so itself
        self._log.add("chroot", command, env=dict(env or {}), stdin=stdin)

    def bind(self, source: Path, target: str) -> None:
        content = source if source.is_dir() else source.read_bytes()
        self._log.add("bind", target, content=content)

    @contextmanager
    def listable(self, path: str) -> Iterator[None]:
        del path  # nothing is emulated
        yield

    def native_hooks(self) -> tuple[str, str]:
        return "", ""  # nothing is emulated

    @contextmanager
    def image(self) -> Iterator[Path]:
        self._log.add("image", "lent")
        yield Path("IMAGE")

    def read(self, path: str) -> bytes:
        if path not in self._files:
            raise FileNotFoundError(path)
        return str(self._files[path]).encode()

    def exists(self, path: str) -> bool:
        return path in self._files

    def write(
        self, path: str, content: bytes | str, *, mode: int = 0o644, uid: Any = 0, gid: Any = 0
    ) -> None:
        self._log.add("write", path, content=content, mode=f"{mode:04o}", uid=uid, gid=gid)

    def copy_in(self, source: Path, path: str, *, mode: int, uid: Any = 0, gid: Any = 0) -> None:
        content = source.read_bytes()
        self._log.add("copy_in", path, content=content, mode=f"{mode:04o}", uid=uid, gid=gid)

    def copy_tree(self, source: Path, path: str, rules: CopyRules = COPY_ALL) -> None:
        how = {} if rules == COPY_ALL else asdict(rules)
        kept = {key: "kept" for key in ("uid", "gid") if how.get(key, 0) is None}
        self._log.add("copy_tree", path, source=source, **{**how, **kept})

    def mkdir(
        self, path: str, *, mode: int | None = None, uid: Any = None, gid: Any = None
    ) -> None:
        shown = 0o755 if mode is None else mode
        self._log.add("mkdir", path, mode=f"{shown:04o}", uid=uid, gid=gid)

    def symlink(self, path: str, target: str) -> None:
        self._log.add("symlink", path, target=target)

    def remove(self, path: str) -> None:
        self._log.add("remove", path)

    def inside(self, function: Callable[[], Any]) -> Any:
        arguments: tuple[Any, ...] = ()
        keywords: dict[str, Any] = {}
        if isinstance(function, functools.partial):
            arguments, keywords = function.args, function.keywords
            function = function.func
        self._log.add("inside", function.__name__, arguments=arguments, keywords=keywords)
        return self._log.answer(function.__name__)

    def archive(
        self, name: str, sources: str, fetch: Callable[[Path], None], *, aside: bool = False
    ) -> Path:
        del aside  # of packages for this machine, where something is emulated
        self._log.add("archive", name, sources=sources)
        index = self.scratch / "archive"
        index.mkdir(exist_ok=True)
        fetch(index)
        return index

    @contextmanager
    def kept_packages(self, printed: str) -> Iterator[tuple[Path, list[str]]]:
        self._log.add("kept_packages", printed)
        yield self.scratch, []

    @contextmanager
    def packages(self, printed: str) -> Iterator[None]:
        self._log.add("packages", printed)
        yield

    def reveal(self, secret: Secret) -> bytes:
        known = self._log.answer("reveal")
        return str(known or f"what the {secret.place} holds").encode()

    def decide(self, fact: Fact, truth: bool) -> None:  # noqa: FBT001 (the protocol's)
        self._log.add("decide", fact.name, truth=truth)

    def set_epoch(self, epoch: int) -> None:
        self._log.add("set_epoch", epoch)


class RecordedImage:
    """vmdsl.language.effects.Image, where nothing happens."""

    def __init__(self, log: Log, tree: RecordedTree) -> None:
        self.tree: Tree = tree
        self._log = log

    def write_at(self, offset: int, content: bytes, *, within: Partition | None = None) -> None:
        shown = content if len(content) <= _MOST_SHOWN else f"{len(content)} bytes"
        self._log.add("write_at", offset, content=shown, within=within.name if within else "")

    def run(
        self,
        *command: str,
        env: Mapping[str, str] | None = None,
        partitions: Sequence[Partition] = (),
        table: bool = False,
    ) -> None:
        may = [*(partition.name for partition in partitions), *(["the table"] if table else [])]
        self._log.add("run", command, env=dict(env or {}), may_change=may)


def recorded_target(log: Log, tree: RecordedTree, layout: Layout, operation: Filesystem) -> Target:
    """A filesystem's place, whose tools are not run."""
    (place,) = [f for f in layout.filesystems if f.filesystem is operation]

    class Recorded(Target):
        def run(self, *argv: str, env: Any = None, stdin: str = "", **_: Any) -> str:
            log.add("tool", argv, env=dict(env or {}), stdin=stdin)
            answers = log.answer(argv[0]) or []
            return str(answers.pop(0)) if answers else ""

        def blank_file(self) -> Path:
            return self.tree.scratch / "filesystem"

        def place(self, file: Path) -> None:
            log.add("place", file)

    return Recorded(
        filesystem=place,
        image=3,
        offset=Devices(image=3, keys={}).of(place.device).offset or 0,
        size=place.device.size,
        tree=tree,  # type: ignore[arg-type]
        log=4,
    )


def perform(operation: Operation, log: Log, tree: RecordedTree, layout: Layout) -> None:
    """Do what the builder does with an operation, or say why it can't."""
    for obstacle in obstacles([operation] if isinstance(operation, LayoutOperation) else []):
        log.add("obstacle", obstacle.what)
    if isinstance(operation, TreeOperation):
        operation.apply(tree)
    elif isinstance(operation, ImageOperation):
        operation.apply(RecordedImage(log, tree))
    elif isinstance(operation, Disk | Table | Partition):
        if layout.table is not None:
            log.add("sfdisk", table_script(layout).splitlines())
    elif isinstance(operation, VolumeGroup):
        (group,) = [g for g in layout.groups if g.group is operation]
        volumes = [v for v in layout.volumes if v.group is group]
        log.add("lvm", description(group, volumes, epoch=0).decode("ascii").splitlines())
    elif isinstance(operation, SwapFile):
        (place,) = [p for p in layout.swap_files if p.swap_file is operation]
        make_swap_file(tree, place)  # type: ignore[arg-type]
    elif isinstance(operation, Filesystem) and not _is_encrypted(operation.device):
        make = _FORMATTERS.get(operation.kind, kind_of(operation).make)
        make(recorded_target(log, tree, layout, operation), None)


def _is_encrypted(device: BlockDevice) -> bool:
    """Whether a device cannot be made yet."""
    below = device.group.devices if isinstance(device, LogicalVolume) else ()
    return isinstance(device, Luks) or any(map(_is_encrypted, below))


def outcome(case: Mapping[str, Any], directory: Path) -> list[dict[str, Any]]:
    """Evaluate the call of a case, and do what it recorded."""
    for name, text in case.get("local", {}).items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(cloud_image() if file.suffix == ".raw" else text.encode())
    recipe = directory / "case.py"
    preamble = (HERE / case.get("recipe", "recipe.py")).read_text("utf-8")
    lines = "".join(f"    {line}\n" for line in case["call"].splitlines())
    recipe.write_text(f"{preamble}\n\n@step\ndef here() -> object:\n{lines}    return None\n")
    loaded = load(recipe)
    evaluated = evaluate(loaded, {})
    layout, problems = lay_out(evaluated.operations, recipe="case", seed="")
    assert (*loaded.problems, *evaluated.problems, *problems) == ()
    assert layout is not None
    plan = Plan(
        recipe=loaded.path,
        directory=loaded.directory,
        code=loaded.path,
        name="case",
        seed="",
        options=(),
        operations=evaluated.operations,
        layout=layout,
    )
    log = Log(case.get("answers", {}), {directory / "scratch": "SCRATCH", directory: "RECIPE"})
    tree = RecordedTree(log, case, layout, directory)
    for operation in evaluated.operations:
        if operation.name == "here":
            encoded = Encoder(plan).operation(operation)
            log.add("plan", encoded["kind"], summary=summary_of(operation), **encoded["arguments"])
            perform(operation, log, tree, layout)
    return log.does


@pytest.fixture(autouse=True)
def no_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*argv: object, **_: object) -> None:
        pytest.fail(f"a program was started: {argv}")

    monkeypatch.setattr(programs, "run", refuse)
    monkeypatch.setattr(programs, "start", refuse)
    monkeypatch.setattr(programs, "find", lambda program: f"/usr/bin/{program}")


@pytest.mark.parametrize("file", CASES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_case(file: Path, tmp_path: Path) -> None:
    case = json.loads(file.read_text("utf-8"))
    does = outcome(case, tmp_path)
    if REWRITE:
        text = json.dumps({**case, "does": does}, indent=2, ensure_ascii=False)
        file.write_text(f"{text}\n", encoding="utf-8")
    elif does != case.get("does"):
        assert does == case.get("does"), "if this is meant: nox -s golden"


def operations() -> Iterator[str]:
    for name in vmdsl.__all__:
        if inspect.isfunction(getattr(vmdsl, name)) and name not in NO_OPERATIONS:
            yield name
    yield from (name for name in vmdsl_stdlib.__all__ if name not in NO_OPERATIONS)


@pytest.mark.parametrize("name", list(operations()))
def test_every_operation_has_a_case(name: str) -> None:
    files = list((HERE / name).glob("*.json"))
    assert files, f"write a case: tests/cases/{name}/WHAT.json, then nox -s golden"
    calls = [json.loads(file.read_text("utf-8"))["call"] for file in files]
    assert all(f"{name}(" in call for call in calls)


def test_every_case_is_of_an_operation() -> None:
    assert {file.parent.name for file in CASES} <= set(operations())
