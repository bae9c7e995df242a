"""A recipe as data, made into one that can be evaluated: its steps make the calls that it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

from vmdsl.errors import Problem, Where
from vmdsl.language.operation import DependsOnFailed, recorder_for, refuse
from vmdsl.language.steps import Option, Step
from vmdsl.plan.load import Recipe
from vmdsl.vmdb2.draft import Argument, Call, Draft, DraftStep, Hex, Octal, Read, Result
from vmdsl.vmdb2.text import Text

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
                result = _perform(call, steps, options)
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


def _places(call: Call, function: Callable[..., object]) -> Mapping[str, Where]:
    """Return the places of a call's arguments, by their names in Python."""
    found = dict(call.places)
    names: list[str] = []
    for parameter in signature(function).parameters.values():
        if parameter.kind is Parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}[{n}]" for n in range(len(call.arguments) - len(names))]
        elif parameter.kind is not Parameter.KEYWORD_ONLY:
            names.append(parameter.name)
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
    places = _places(call, function)
    with _at(call.where, places):
        try:
            return function(*arguments, **named)
        except ValueError as error:  # of a value's own reading, such as Size.parse
            raise refuse(str(error), about=next(iter(places), "")) from None


def _function(call: Call) -> Callable[..., Any]:
    found: Any = import_module(call.module)
    for name in call.function.split("."):
        found = getattr(found, name)
    return found  # type: ignore[no-any-return]
