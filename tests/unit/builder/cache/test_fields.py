"""Every field of every operation counts in its key, and so does the order of any operations."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vmdsl
from made_images import cloud_image
from plans import description_of, keys_of, plan_from, plan_of, values_of
from vmdsl.builder.cache.keys import Describer
from vmdsl.language.effects import ImageOperation, TreeOperation
from vmdsl.language.handles import RootFs
from vmdsl.language.operation import (
    Fact,
    LayoutOperation,
    Operation,
    Recorder,
    Work,
    origin_of,
    start_recording,
)
from vmdsl.language.secret import Secret
from vmdsl.machines import Arch
from vmdsl.plan.plan import Plan
from vmdsl.values import Percent, Size, Suite

CASES = sorted((Path(__file__).parents[3] / "cases").glob("*/*.json"))
#: Fields that no key has: their docstrings say that they are no part of the image.
IRRELEVANT = {"Debootstrap": ("proxy", "credentials")}


def cases() -> Iterator[tuple[str, Path]]:
    for file in CASES:
        yield f"{file.parent.name}/{file.stem}", file


def case_plan(file: Path, folder: Path) -> Plan:
    """The plan of a case's call, whose local files are there."""
    case = json.loads(file.read_text("utf-8"))
    for name, text in case.get("local", {}).items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(cloud_image() if place.suffix == ".raw" else text.encode())
    preamble = (file.parents[1] / case.get("recipe", "recipe.py")).read_text("utf-8")
    call = textwrap.indent(case["call"], "    ")
    recipe = folder / "case.py"
    recipe.write_text(f"{preamble}\n\n@step\ndef here() -> object:\n{call}\n    return None\n")
    return plan_of(recipe, "case")


def others(value: Any, plan: Plan) -> Iterator[Any]:  # noqa: C901, PLR0912, PLR0915 (a list of types)
    """Values that are not the same as one."""
    match value:
        case Enum():
            yield next(one for one in type(value) if one is not value)
        case bool():
            yield not value
        case int():
            yield value + 1
        case str():
            yield f"{value}x"
        case bytes():
            yield value + b"x"
        case None:
            yield "something"
        case Path():
            yield Path("other")
        case PurePosixPath():
            yield PurePosixPath("/other")
        case Size():
            yield Size(value.bytes + 512)
        case Percent():
            yield replace(value, number=value.number / 2)
        case Suite():
            yield Suite("forky" if value.name != "forky" else "sid")
        case tuple() | list():
            value = tuple(value)
            yield (*value, "more")
            yield from (value[:n] + value[n + 1 :] for n in range(len(value)))
            if len(set(map(str, value))) > 1:
                yield value[::-1]
            for number, one in enumerate(value):
                yield from ((*value[:number], o, *value[number + 1 :]) for o in others(one, plan))
        case dict():
            yield {**value, "more": "more"}
            for key, content in value.items():
                yield {k: v for k, v in value.items() if k != key}
                yield from ({**value, key: other} for other in others(content, plan))
        case Secret():
            yield Secret("environment", ("ANOTHER",))
        case Fact():
            yield None
            yield Fact(_origin=origin_of(value))
        case RootFs():
            yield replace(value, arch=Arch.ARMHF)
            yield replace(value, suite=Suite("forky"))
        case LayoutOperation():
            alike = [o for o in plan.layout_operations if type(o) is type(value) and o is not value]
            yield from alike
            if not alike:
                yield None
        case _ if is_dataclass(value):
            for field in fields(value):
                for other in others(getattr(value, field.name), plan):
                    yield _unchecked(value, field.name, other)
        case _:
            raise AssertionError(f"say here what another {type(value)} is")


def _unchecked(value: Any, name: str, other: Any) -> Any:
    """A copy with another value of a field, whatever the class says to that."""
    copy = object.__new__(type(value))
    for field in fields(value):
        object.__setattr__(copy, field.name, getattr(value, field.name))
    object.__setattr__(copy, name, other)
    return copy


@pytest.mark.parametrize(("file"), [c[1] for c in cases()], ids=[c[0] for c in cases()])
def test_every_field_counts(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Describer, "_files", lambda *_: {})  # it is the argument that counts
    plan = case_plan(file, tmp_path)
    secrets = {**values_of(plan), Secret("environment", ("ANOTHER",)): b"another value"}
    made = [o for o in plan.operations if o.name == "here" and isinstance(o, Work)]
    for operation in made:
        describer = Describer(plan, secrets, salt=b"")
        inputs = describer.operation(operation)
        if not operation.is_repeatable():
            assert inputs is None
            continue
        assert json.loads(json.dumps(inputs)) == inputs
        for field in fields(operation):
            for other in others_of(operation, field.name, plan):
                changed = _unchecked(operation, field.name, other)
                tree = [changed if o is operation else o for o in plan.operations]
                edited = replace(plan, operations=tuple(tree))
                unlike = Describer(edited, secrets, salt=b"").operation(changed) != inputs
                assert unlike is (field.name not in operation.irrelevant), (field.name, other)


def others_of(operation: Operation, name: str, plan: Plan) -> Iterator[Any]:
    value = getattr(operation, name)
    if name == "_origin" or (isinstance(value, Fact) and name != "unless"):
        return  # a fact is the operation's own, whatever its name
    placed = not isinstance(operation, TreeOperation) or operation.reads_layout
    for other in others(value, plan):
        if placed or type(other) is not type(value) or not isinstance(value, LayoutOperation):
            yield other  # what doesn't read the layout can't tell one handle from another


def test_what_does_not_count_is_known() -> None:
    def below(kind: type[Work]) -> Iterator[type[Work]]:
        for one in kind.__subclasses__():
            if one.__module__.startswith("vmdsl."):
                yield one
            yield from below(one)

    kinds: tuple[type[Work], ...] = (TreeOperation, ImageOperation)
    found = {
        kind.__name__: kind.irrelevant for base in kinds for kind in below(base) if kind.irrelevant
    }
    assert found == IRRELEVANT


# Any list of operations, and any edits of it.

_FILES = ("a", "b", "c")
_one = st.one_of(
    st.tuples(st.just("create_file"), st.sampled_from(_FILES), st.sampled_from(_FILES)),
    st.tuples(st.just("create_symlink"), st.sampled_from(_FILES), st.sampled_from(_FILES)),
    st.tuples(st.just("create_directory"), st.sampled_from(_FILES), st.sampled_from([448, 493])),
    st.tuples(st.just("chroot"), st.sampled_from(_FILES), st.just("")),
    st.tuples(st.just("apt"), st.sampled_from(_FILES), st.sampled_from(_FILES)),
)  # fmt: skip
_lists = st.lists(_one, max_size=8)


def recorded(works: Sequence[tuple[Any, ...]], folder: Path) -> list[str]:
    """The keys of a list of operations."""
    recorder = Recorder(folder / "r.py", value_of=id, result_of=id, step="here")
    undo = start_recording(recorder)
    try:
        root = vmdsl.mount(vmdsl.mkext4(vmdsl.mkpart(vmdsl.mkgpt(vmdsl.mkimg(vmdsl.GiB(1))))))
        system = RootFs(mounted=root, suite=Suite("trixie"), arch=Arch.AMD64)
        for kind, name, value in works:
            match kind:
                case "create_directory":
                    vmdsl.create_directory(system, f"/{name}", mode=value)
                case "chroot":
                    vmdsl.chroot(system, f"touch {name}")
                case "apt":
                    vmdsl.apt(system, name, value)
                case _:
                    getattr(vmdsl, kind)(system, f"/{name}", value)
    finally:
        undo()
    plan = plan_from(folder / "r.py", recorder.operations)
    return keys_of(description_of(plan, folder / "cache"))[: len(works)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(before=_lists, after=_lists, common=_lists, tail=_lists)
def test_only_what_comes_before_the_first_change_is_the_same(
    tmp_path: Path, before: Any, after: Any, common: Any, tail: Any
) -> None:
    one, two = [*common, *before, *tail], [*common, *after, *tail]
    same = next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), None)
    same = min(len(one), len(two)) if same is None else same
    keys_one, keys_two = recorded(one, tmp_path), recorded(two, tmp_path)
    assert keys_one[:same] == keys_two[:same]
    assert not set(keys_one[same:]) & set(keys_two[same:])
    assert len(set(keys_one)) == len(one)
