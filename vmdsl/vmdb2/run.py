"""A recipe as data, made into one that can be evaluated: its steps make the calls that it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import import_module
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

from vmdsl.errors import Problem, Where
from vmdsl.language.operation import DependsOnFailed, Refused, recorder_for, refuse
from vmdsl.language.steps import Option, Step
from vmdsl.plan.load import Recipe
from vmdsl.vmdb2.draft import Argument, Call, Draft, DraftStep, Hex, Octal, Read, Result
from vmdsl.vmdb2.text import Text

#: In place of a suite that is wrong, as every system has one.
_SUITE = "stable"
_NOWHERE: Mapping[str, Where] = {}


def as_recipe(draft: Draft, *, directory: Path, problems: Sequence[Problem] = ()) -> Recipe:
    """Return the recipe. Its local files are relative to `directory`.

    Where there are `problems`, steps may call some that could not be made.
    """
    kind: type[dict[str, Any]] = _Known if problems else dict
    options = kind((o.name, _option(o.name, o.default, o.help, o.where)) for o in draft.options)
    steps = kind()
    for step in draft.steps:
        steps[step.name] = _step(step, kind(steps), options)
    return Recipe(
        path=draft.path,
        directory=directory,
        module=None,
        steps=tuple(steps.values()),
        options=tuple(options.values()),
        problems=tuple(problems),
    )


class _Known(dict[str, Any]):
    """Steps or options by name, where some could not be made."""

    def __missing__(self, name: str) -> Any:
        raise DependsOnFailed


def _option(name: str, default: object, text: str, where: Where) -> Option[object]:
    made = Option(default, text, where)
    made.name = name
    return made


def _step(
    draft: DraftStep, steps: Mapping[str, Step[object]], options: Mapping[str, Option[object]]
) -> Step[object]:
    def run() -> object:
        result = None
        recorder_for("a step runs").tag = str(draft.tag)  # plain: it goes into the sandbox
        for call in draft.calls:
            with _at(call.where or draft.where):
                result = _checked(call, steps, options)
        return None if draft.returns == "None" else result

    made: Step[object] = Step(run, None)
    made.name, made.where = draft.name, draft.where
    return made


@contextmanager
def _at(where: Where | None, places: Mapping[str, Where] = _NOWHERE) -> Iterator[None]:
    """Have operations and mistakes at a place of the specification, with those of arguments."""
    recorder = recorder_for("a step runs")
    before = recorder.place, recorder.places
    recorder.place, recorder.places = where or recorder.place, places
    yield
    recorder.place, recorder.places = before


def _checked(
    call: Call, steps: Mapping[str, Step[object]], options: Mapping[str, Option[object]]
) -> Any:
    """Return the result of a call. If it is refused, look for further mistakes in its arguments.

    Operations refuse the first one. So the call is made again without the argument that is wrong,
    as long as that can be left out.
    """
    recorder = recorder_for("a step runs")
    before = len(recorder.operations)
    try:
        return _perform(call, steps, options)
    except DependsOnFailed:
        raise
    except Refused:
        about = recorder.problems[-1].about if recorder.problems else ""
        if (rest := _without(call, about)) is not None:
            del recorder.operations[before:]
            with suppress(Refused):
                _checked(rest, steps, options)
        raise


def _without(call: Call, about: str) -> Call | None:
    """Return a call without an argument, or an element of one; None if it is needed."""
    parameters = signature(_function(call)).parameters
    name, _, index = about.partition("[")
    number = int(index.rstrip("]")) if index else -1
    given = call.named.get(name)
    if name == "suite" and given not in (None, _SUITE):
        return replace(call, named={**call.named, name: _SUITE})
    if isinstance(given, tuple) and 0 <= number < len(given) > 1:
        return replace(call, named={**call.named, name: given[:number] + given[number + 1 :]})
    if name in call.named and parameters[name].default is not Parameter.empty:
        return replace(call, named={k: v for k, v in call.named.items() if k != name})
    names = list(parameters)
    if name in names and parameters[name].kind is Parameter.VAR_POSITIONAL and number >= 0:
        place = names.index(name) + number
        rest = call.arguments[:place] + call.arguments[place + 1 :]
        return replace(call, arguments=rest) if place < len(call.arguments) else None
    return None


def names_of_arguments(call: Call) -> list[str]:
    """Return the names of a call's arguments that are given without one: `root`, `packages[0]`."""
    names: list[str] = []
    for parameter in signature(_function(call)).parameters.values():
        if parameter.kind is Parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}[{n}]" for n in range(len(call.arguments) - len(names))]
        elif parameter.kind is not Parameter.KEYWORD_ONLY:
            names.append(parameter.name)
    return names


def places_in(call: Call) -> Mapping[str, Where]:
    """Return the places of a call's arguments, by their names in Python."""
    found = dict(call.places)
    names = names_of_arguments(call)
    for name, argument in (*zip(names, call.arguments, strict=False), *call.named.items()):
        match argument:
            case Text():
                found[name] = argument.where
            case Call(arguments=(Text() as text,)):  # such as Size.parse("4G")
                found[name] = text.where
            case tuple():
                inner = ((n, text) for n, text in enumerate(argument) if isinstance(text, Text))
                found |= {f"{name}[{n}]": text.where for n, text in inner}
    return found


def _perform(
    call: Call, steps: Mapping[str, Step[object]], options: Mapping[str, Option[object]]
) -> Any:
    def value(argument: Argument) -> Any:  # noqa: PLR0911 (one for each kind)
        match argument:
            case Result(name):
                return steps[name]()
            case Read(name):
                return options[name]()
            case Call():
                return _perform(argument, steps, options)
            case tuple():
                return tuple(map(value, argument))
            case Mapping():
                return {key: value(inner) for key, inner in argument.items()}
            case Octal() | Hex():
                return int(argument)
            case Text():
                return str(argument)
            case _:
                return argument

    arguments = [value(argument) for argument in call.arguments]
    named = {name: value(argument) for name, argument in call.named.items()}
    function = _function(call)
    places = places_in(call)
    with _at(call.where, places):
        try:
            return function(*arguments, **named)
        except ValueError as error:  # of a value's own reading, such as Size.parse
            raise refuse(str(error), about=next(iter(places), ""), code="value") from None


def _function(call: Call) -> Callable[..., Any]:
    found: Any = import_module(call.module)
    for name in call.function.split("."):
        found = getattr(found, name)
    return found  # type: ignore[no-any-return]
