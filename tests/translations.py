"""Specifications in tests: read, translated, and shown a line for each step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from vmdsl.errors import Problem
from vmdsl.values import Percent, Size
from vmdsl.vmdb2.draft import Argument, Call, DraftStep, Hex, Octal, Read, Result
from vmdsl.vmdb2.from_yaml.translate import Translated, translate
from vmdsl.vmdb2.reading.read import read
from vmdsl.vmdb2.text import Text, Variable

PATH = Path("pc.vmdb")
NOWHERE = Path("/nowhere")


_OUTPUT = '"{{ output }}"'
_DISK = f"- {{mkimg: {_OUTPUT}, size: 4G}}\n- {{mklabel: gpt, device: {_OUTPUT}}}\n"
_PART = f"- {{mkpart: one, device: {_OUTPUT}, start: 1MiB, end: 100%, tag: a}}\n"
_ROOT = "- {mkfs: ext4, partition: a}\n- {mount: a}\n"
_SYSTEM = '- {debootstrap: trixie, mirror: "http://mirror.example/debian", target: a}\n'
_LAST = _PART.replace("1MiB", "100MiB") + _ROOT + _SYSTEM
#: What may stand above the steps of a case.
ABOVE = {
    "nothing": "",
    "disk": _DISK,
    "msdos": _DISK.replace("gpt", "msdos"),
    "part": _DISK + _PART,
    "group": f"{_DISK}{_PART}- {{vgcreate: vg, physical: [a]}}\n",
    "root": _DISK + _PART + _ROOT,
    "unpacked": f"{_DISK}{_PART}{_ROOT}- {{unpack-rootfs: a}}\n{_SYSTEM}",
    "system": _DISK + _PART + _ROOT + _SYSTEM,
    "efi": f"{_DISK}- {{mkpart: efi, device: {_OUTPUT}, start: 1MiB, end: 100MiB, tag: e}}\n"
    f"- {{mkfs: vfat, partition: e}}\n{_LAST}",
    "prep": f"{_DISK}- {{mkpart: p, device: {_OUTPUT}, start: 1MiB, end: 9MiB, tag: p}}\n{_LAST}",
}


@dataclass(frozen=True)
class Case:
    """Steps below others, and what they come to."""

    title: str
    above: str
    steps: str
    expected: list[str]


def cases(file: Path) -> Iterator[Case]:
    """The cases of a file: paragraphs of a title, steps with `- `, and what these come to.

    The title ends with what stands above the steps: `on disk`. OUT is the image.
    """
    for paragraph in file.read_text(encoding="utf-8").split("\n\n"):
        lines = [s for s in paragraph.strip("\n").splitlines() if not s.startswith("# ")]
        if not lines:
            continue
        title, _, above = lines[0].rpartition(" on ")
        steps = [line for line in lines[1:] if line.startswith(("- ", "  "))]
        expected = [line for line in lines[1:] if line not in steps]
        yield Case(title, ABOVE[above], "\n".join([*steps, ""]).replace("OUT", _OUTPUT), expected)


def translated(steps: str, *, directory: Path = NOWHERE, **variables: str) -> Translated:
    """What the steps of a specification come to, if they can be read."""
    given = {"output": "pc.img", "image": "pc.img", **variables}
    found = read(f"steps:\n{steps}", PATH, given)
    assert found.problems == ()
    return translate(found.spec, PATH, directory=directory, variables=given)


def outcome(steps: str, *, directory: Path = NOWHERE, **variables: str) -> list[str]:
    """The steps of the recipe, and what is told: mistakes with `!`, warnings with `?`."""
    made = translated(steps, directory=directory, **variables)
    lines = [shown(step) for step in made.draft.steps]
    lines += [f"! {told(problem)}" for problem in made.problems]
    return [*lines, *(f"? {told(problem)}" for problem in made.warnings)]


def added(above: str, steps: str, **variables: str) -> list[str]:
    """The same for steps that stand below others: what these alone don't come to."""
    before = outcome(above, directory=NOWHERE, **variables) if above else []
    lines = outcome(above + steps, directory=NOWHERE, **variables)
    return [line for line in lines if line not in before]


def told(problem: Problem) -> str:
    """What a message says, and at which key."""
    assert problem.where is not None
    assert problem.where.line
    assert problem.hint
    return f"{problem.where.path.removeprefix('$.')}: {problem.what}"


def shown(step: DraftStep) -> str:
    """A step in a line."""
    return f"{step.name} = {'; '.join(map(_shown, step.calls))}"


def _shown(argument: Argument) -> str:  # noqa: PLR0911 (one for each kind)
    match argument:
        case Result(name) | Read(name):
            return f"{name}()"
        case Call():
            inner = [_shown(one) for one in argument.arguments]
            inner += [f"{name}={_shown(one)}" for name, one in argument.named.items()]
            return f"{argument.function}({', '.join(inner)})"
        case tuple():
            return f"[{', '.join(map(_shown, argument))}]"
        case Mapping():
            return f"{{{', '.join(f'{key}: {_shown(one)}' for key, one in argument.items())}}}"
        case Octal():
            return oct(argument)
        case Hex():
            return f"0x{argument:02x}"
        case Size() | Percent():
            return f"<{argument}>"
        case Enum():
            return f"{type(argument).__name__}.{argument.name}"
        case Text():
            return _text(argument)
    return repr(argument)


def _text(text: Text) -> str:
    if text.parts is None:
        return f"template {text.template!r}"
    parts = [f"{{{p.name}()}}" if isinstance(p, Variable) else p for p in text.parts]
    return repr("".join(parts))
