"""A draft as the source of the recipe that a person would have written."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from itertools import chain, count
from typing import Any

from jinja2 import Environment, meta

from vmdsl.errors import Where
from vmdsl.machines import Arch
from vmdsl.values import debian_suites, suite_aliases
from vmdsl.vmdb2.draft import Call, Draft, DraftOption, DraftStep, Read, Result
from vmdsl.vmdb2.run import names_of_arguments, places_in
from vmdsl.vmdb2.text import Note, Text, Variable
from vmdsl.vmdb2.to_python.head import Imports, as_comments, docstring_and_rest
from vmdsl.vmdb2.to_python.lines import Brackets, Commented, Expression, laid_out, one_line
from vmdsl.vmdb2.to_python.literals import Code, string, value

_INDENT = 4
_MODULES = {"Any": "typing", "Path": "pathlib"}


def to_python(draft: Draft) -> str:
    """Return the source of a recipe whose steps record what the draft says.

    It is laid out as `ruff format` would do it, and mypy has nothing to say about it.
    """
    writer = _Writer(draft)
    docstring, comments = docstring_and_rest(draft.comments, _summary(draft))
    options = [line for option in draft.options for line in writer.option(option)]
    steps = [writer.step(step) for step in draft.steps]
    parts = [docstring, list(as_comments(comments)), writer.imports.lines(), options]
    head = [line for part in parts if part for line in ("", *part)][1:]
    blocks = [head, *steps, list(as_comments(draft.closing))]
    return "\n\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _summary(draft: Draft) -> str:
    """Return a sentence that says which system the image has, and for which machines."""
    made = next((call for call in draft.calls() if call.function == "debootstrap"), None)
    suite = str(made.named.get("suite", "")) if made else ""
    if made is None or not re.fullmatch(r"[a-z][a-z0-9-]*", suite):
        return "A disk image."
    maker = "Debian " if suite in {*debian_suites(), *suite_aliases()} else ""
    arch = made.named.get("arch", Arch.AMD64)
    return f"A disk image with {maker}{suite} for {arch}."


class _Writer:
    """Writes the parts of one recipe, and notes on the way what it must import."""

    def __init__(self, draft: Draft) -> None:
        self.imports = Imports()
        self._options = {option.variable or option.name: option.name for option in draft.options}
        self._names = {*self._options.values(), *(step.name for step in draft.steps)}
        self._templates: list[tuple[str, Expression]] = []
        self._notes: list[Note] = []

    def option(self, option: DraftOption) -> list[str]:
        """Return an option, as the assignment that declares it."""
        function = "optional_path" if option.default is None else "option"
        default = () if option.default is None else (option.default,)
        call = self._call(Call(function=function, arguments=default, named={"help": option.help}))
        return laid_out(call, f"{option.name} = ")

    def step(self, step: DraftStep) -> list[str]:
        """Return the lines of a step. Templates are made above the calls that render them."""
        self._templates = []
        self._notes = [note for note in step.comments if isinstance(note, Note)]
        calls = [self._call(call) for call in step.calls]
        placed = {id(note) for note in step.comments if isinstance(note, Note)}
        placed -= {id(note) for note in self._notes}
        returns = re.sub(r"\w+", lambda match: self._type(match[0]), step.returns)
        lines = list(as_comments(text for text in step.comments if id(text) not in placed))
        lines += [f"@{self.imports.use('step')}", f"def {step.name}() -> {returns}:"]
        for name, template in self._templates:
            lines += laid_out(template, f"{name} = ", indent=_INDENT)
        for number, call in enumerate(calls, start=1):
            gives = number == len(calls) and step.returns != "None"
            lines += laid_out(call, "return " if gives else "", indent=_INDENT)
        return lines

    def _type(self, name: str) -> str:
        return name if name == "None" else self.imports.use(name, _MODULES.get(name, "vmdsl"))

    def _call(self, call: Call) -> Brackets:
        function = self.imports.use(call.function, call.module)
        places = places_in(call) if self._notes else {}
        names = names_of_arguments(call) if self._notes else [""] * len(call.arguments)
        arguments = []
        for name, argument in zip(names, call.arguments, strict=False):
            arguments.append(("", self._noted(places.get(name), self._expression(argument))))
        for name, argument in call.named.items():
            is_place = call.function == "mkpart" and name in {"start", "end"}
            made = self._noted(places.get(name), self._expression(argument, is_place=is_place))
            arguments.append((f"{name}=", made))
        return Brackets(f"{function}(", tuple(arguments))

    def _noted(self, where: Where | None, made: Expression) -> Expression:
        """Return an argument with the comments at its place, which are then taken."""
        notes = [note for note in self._notes if where and note.path == where.path]
        if not notes or isinstance(made, Commented):
            return made
        self._notes = [note for note in self._notes if note not in notes]
        above = tuple(as_comments(note for note in notes if not note.is_below))
        return Commented(made, above, tuple(as_comments(note for note in notes if note.is_below)))

    def _expression(self, argument: Any, *, is_place: bool = False) -> Expression:
        match argument:
            case Text():
                return self._text(argument)
            case Call():
                return self._call(argument)
            case Result(name) | Read(name):
                return f"{name}()"
            case tuple() | list():
                opening, closing = "()" if isinstance(argument, tuple) else "[]"
                items = [("", self._item(item)) for item in argument]
                return Brackets(opening, tuple(items), closing)
            case Mapping():
                items = [
                    (f"{one_line(self._expression(key))}: ", self._expression(item))
                    for key, item in argument.items()
                ]
                return Brackets("{", tuple(items), "}")
        return value(argument, self.imports, is_place=is_place)

    def _item(self, item: Any) -> Expression:
        return self._noted(getattr(item, "where", None), self._expression(item))

    def _text(self, text: Text) -> Expression:
        if text.parts is None:
            return self._template(text)
        if text.is_plain:
            return string(str(text))
        return string(
            *(Code(f"{part.name}()") if isinstance(part, Variable) else part for part in text.parts)
        )

    def _template(self, text: Text) -> Expression:
        """Return what renders a template, which is made above as a variable of the step."""
        taken = self._names | {name for name, _ in self._templates}
        numbered = (f"template_{number}" for number in count(2))
        name = next(name for name in chain(["template"], numbered) if name not in taken)
        undefined = self.imports.use("StrictUndefined", "jinja2")
        template = Brackets(
            f"{self.imports.use('Template', 'jinja2')}(",
            (("", string(text.template)), ("undefined=", undefined)),
        )
        self._templates.append((name, template))
        named = meta.find_undeclared_variables(Environment().parse(text.template))  # noqa: S701 (no HTML)
        values = {v: f"{option}()" for v, option in self._options.items() if v in named}
        if any(map(keyword.iskeyword, values)):
            pairs = tuple((f"{string(variable)}: ", read) for variable, read in values.items())
            return Brackets(f"{name}.render(", (("", Brackets("{", pairs, "}")),))
        return Brackets(f"{name}.render(", tuple((f"{v}=", read) for v, read in values.items()))
