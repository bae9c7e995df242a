"""Runs a recipe's steps from top to bottom, and records the operations that they ask for."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

from vmdsl.errors import Problem
from vmdsl.language.operation import (
    DependsOnFailed,
    Operation,
    Origin,
    Recorder,
    Refused,
    start_recording,
)
from vmdsl.language.steps import Step
from vmdsl.plan.broken import broken_result, going_on
from vmdsl.plan.declarations import runs
from vmdsl.plan.guard import guarded
from vmdsl.plan.load import Recipe, crash
from vmdsl.plan.replaced import in_utc


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """The operations that the steps of a recipe recorded: all of them, if there are no problems.

    Those that use something broken are `doubtful`. Their handles cannot be looked into.
    """

    operations: tuple[Operation, ...]
    doubtful: tuple[Operation, ...] = ()
    problems: tuple[Problem, ...]


class _Values:
    """The value of every option of the recipe."""

    def __init__(self, recipe: Recipe, values: Mapping[str, object]) -> None:
        self.chosen = {id(o): values.get(o.name, o.default) for o in recipe.options}
        self.imported = {id(value) for value in recipe.names.values()}
        self.recorder: Recorder | None = None

    def of(self, option: object) -> Any:
        if id(option) in self.chosen:
            return self.chosen[id(option)]
        if id(option) in self.imported:
            raise DependsOnFailed  # reported when the recipe was loaded
        assert self.recorder is not None  # noqa: S101 (set before any step runs)
        what = "an option is read that this recipe does not declare"
        self.recorder.problem(
            what, "declare options and flags at the recipe's top level", code="outside-top-level"
        )
        raise Refused(what)


class _Results:
    """The results of the steps so far, and which steps have failed.

    The results of those are broken, and None if nothing can stand for them. `is_broken` says that
    the step that runs has been given one.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.known: dict[int, object] = {}
        self.failed: dict[int, object] = {}
        self.is_broken = False
        self.running: Step[object] | None = None
        self.imported = {id(value) for value in recipe.names.values()}
        self.order = {id(step): number for number, step in enumerate(recipe.steps)}
        self.recorder: Recorder | None = None

    def of(self, step: object) -> Any:
        if id(step) in self.known:
            return self.known[id(step)]
        if id(step) in self.failed:
            self.is_broken = True
            if self.failed[id(step)] is None:
                raise DependsOnFailed
            return self.failed[id(step)]
        assert isinstance(step, Step)  # noqa: S101 (only steps call this)
        assert self.recorder is not None  # noqa: S101 (set before any step runs)
        if step is self.running:
            what, hint = f"the step {step.name} calls itself", "call the steps above it"
        elif id(step) not in self.order and id(step) in self.imported:
            raise DependsOnFailed  # reported when the recipe was loaded
        elif id(step) not in self.order:
            what = f"the step {step.name} belongs to another recipe"
            hint = "share functions, not steps: a plain function from handles to handles"
        else:
            what = f"the step {step.name} is called above the line where it stands"
            hint = f"steps run in source order: move {step.name} (line {step.where.line}) up"
        self.recorder.problem(what, hint, code="step-order")
        raise Refused(what)


def evaluate(recipe: Recipe, values: Mapping[str, object]) -> Evaluated:
    """Run every step once. Of a step that calls a failed one, only the problems count.

    `values` are those of options and flags that differ from their defaults, by name.
    """
    results = _Results(recipe)
    options = _Values(recipe, values)
    recorder = Recorder(
        recipe=recipe.path,
        value_of=options.of,
        result_of=results.of,
        directory=recipe.directory,
    )
    results.recorder = options.recorder = recorder
    doubtful: list[Operation] = []
    undo = start_recording(recorder)
    zone = ExitStack()
    zone.enter_context(in_utc())
    try:
        for step in recipe.steps:
            recorder.step, recorder.line, results.running = step.name, step.where.line, step
            recorder.place = None if recipe.module else step.where
            results.is_broken, before = False, len(recorder.operations)
            failed = not runs(step)  # reported when it was loaded
            try:
                if not failed:
                    with guarded(recorder):
                        is_on = step.condition is None or step.condition()
                        results.known[id(step)] = step.function() if is_on else None
            except Refused:
                failed = True
                if (rest := going_on(step.function)) is not None:
                    del recorder.operations[before:]
                    with suppress(Exception, SystemExit), guarded(recorder):
                        rest()
            except (Exception, SystemExit) as error:  # noqa: BLE001 (it is the recipe's mistake)
                failed = True
                if not results.is_broken:
                    problem = crash(error, recipe.path, step.name, recorder.place)
                    recorder.problems.append(problem)
            if failed or results.is_broken:
                origin = Origin(step.name, step.where, recipe.directory)
                results.known.pop(id(step), None)
                results.failed[id(step)] = broken_result(step, origin)
            if results.is_broken:
                doubtful += recorder.operations[before:]
                del recorder.operations[before:]
    finally:
        zone.close()
        undo()
    return Evaluated(
        operations=tuple(recorder.operations),
        doubtful=tuple(doubtful),
        problems=tuple(recorder.problems),
    )
