"""The way from a specification to its plan, in one place."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vmdsl.errors import Code, Hint, Problem, RecipeError, VmdslError, Where
from vmdsl.errors import code as code_of_call
from vmdsl.plan.load import Recipe
from vmdsl.plan.merge import Crash
from vmdsl.plan.plan import Check, Plan, Remark, make_plan
from vmdsl.vmdb2.draft import Draft
from vmdsl.vmdb2.from_yaml.context import SUBSTITUTE, is_placeholder
from vmdsl.vmdb2.from_yaml.deduplicate import deduplicate, place
from vmdsl.vmdb2.from_yaml.translate import translate
from vmdsl.vmdb2.reading.read import read
from vmdsl.vmdb2.run import as_recipe
from vmdsl.vmdb2.schema import Spec, SpecStep
from vmdsl.vmdb2.text import Text

#: Calls, in the words of specifications.
_CALLS = {
    "copy_file": "copy-file",
    "copy_tree": "copy-dir",
    "grub_bios": "grub: bios",
    "grub_ieee1275": "grub: ieee1275",
    "mkext2": "mkfs: ext2",
    "mkext3": "mkfs: ext3",
    "mkext4": "mkfs: ext4",
    "mkimg": 'mkimg: "{{ output }}", size: 4G',
    "mkpart": "mkpart: logical",
}
#: And for an argument; nothing for one that no step has.
_ARGUMENTS = {
    "check_valid_until": None,
    "credentials": None,
    "exclude": None,
    "inodes": None,
    "label": "`label:`",
    "partitions": None,
    "table": None,
    "tls_ca_certs": None,
    "unless": "`unless: rootfs_unpacked`",
    "uuid": "it with the UUID behind it",
}
#: Functions, and a call, that specifications have no step for.
_NOWHERE = {"apt_source", "image_shell", "system_from"}
_SUITE = code_of_call("apt", suite=None)
#: The lines of equal warnings that are listed.
_MOST_LINES = 5
_UNITS = {"MiB": "MiB", "sectors": "s"}


def in_yaml(code: Code) -> str | None:
    """Return what does the same in a specification; None where nothing does."""
    if code.function in _NOWHERE or code == _SUITE:
        return None
    return _argument(code) if code.named and not code.function else _step(code)


def _argument(code: Code) -> str | None:
    """Return the key of a specification that is the argument of a call, with its value."""
    ((argument, value), *_) = code.named
    said = f"`{argument}: {value}`" if isinstance(value, str) else str(code)
    return _ARGUMENTS.get(argument, f"`{argument}:`" if value is None else said)


def _step(code: Code) -> str:
    """Return the step of a specification that does what a call does."""
    said = _CALLS.get(code.function, str(code))
    match code:
        case Code(function="create_file", arguments=(_, path, text)):
            quoted = str(text).replace('"', r"\"")
            said = f'create-file: {path}, contents: "{quoted}"'
        case Code(function="apt", arguments=(_, package)):
            said = f"packages: [{package}]"
        case Code(function="mkext4", arguments=(Code(tag=tag),)):
            said = f"mkfs: ext4, partition: {tag}"
        case Code(function="fstab", arguments=(Code(tag=tag),)):
            said = f"fstab: {tag}"
        case Code(function="mount", arguments=(Code(tag=tag), path), named=((_, Code(tag=root)),)):
            said = f"mount: {tag}, dirname: {path}, mount-on: {root}"
        case Code(function="mount", arguments=(Code(tag=tag),)):
            said = f"mount: {tag}"
        case Code(function="mklv", arguments=(Code(tag=tag),)):
            said = f"lvcreate: {tag}"
        case Code(function="mkpart", named=named) if ("type", "bios-boot") in named:
            said = "mkpart of 1 MiB, and set_part_flag with flag: bios_grub"
        case Code(function=unit, arguments=(number,)) if unit.lstrip("-") in _UNITS:
            said = f"{'-' * unit.startswith('-')}{number}{_UNITS[unit.lstrip('-')]}"
    return said


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A specification as a recipe: as data, and as what can be evaluated.

    `image` is the name of the image's file. `warnings` say where vmdb2 does something that one may
    not expect. `placeholders` are the paths of texts that a program was to replace. `remarks` are
    its comments, each with the lines of its step.
    """

    draft: Draft
    recipe: Recipe
    steps: tuple[SpecStep, ...]
    image: Path
    warnings: tuple[Problem, ...]
    placeholders: frozenset[str] = frozenset()
    remarks: tuple[Remark, ...] = ()

    def plan(
        self, values: Mapping[str, object], *, seed: str = "", checks: Sequence[Check] = ()
    ) -> Plan:
        """Check it in every way there is. Raises RecipeError with all that is wrong.

        The plan has the warnings of both, in the order of their places.
        """
        try:
            plan = make_plan(
                self.draft.path,
                values,
                cache=self.recipe.directory,
                seed=seed,
                loaded=self.recipe,
                checks=checks,
            )
        except RecipeError as error:
            found = {self._in_yaml(problem) for problem in error.problems}
            raise SpecificationError(self.warnings, *sorted(found, key=place)) from None
        obstacles = (replace(self._in_yaml(one), step=one.step) for one in plan.obstacles)
        return replace(
            plan,
            obstacles=tuple(obstacles),
            warnings=tuple(sorted((*self.warnings, *map(self._in_yaml, plan.warnings)), key=place)),
        )

    def failure(self, error: VmdslError) -> VmdslError:
        """Return an error of a build in the words of a specification."""
        return type(error)(*(replace(self._in_yaml(one), step=one.step) for one in error.problems))

    def _in_yaml(self, problem: Problem) -> Problem:
        """Return a problem as a specification has it: without a step, and in its words."""
        hint = problem.hint.in_words(in_yaml) if isinstance(problem.hint, Hint) else problem.hint
        return self.substituted(replace(problem, step="", hint=hint))

    def substituted(self, problem: Problem) -> Problem:
        """Return a problem with the hint at a placeholder, if it is about one."""
        path = problem.where.path if problem.where else ""
        return replace(problem, hint=SUBSTITUTE) if path in self.placeholders else problem


class SpecificationError(RecipeError):
    """A specification is wrong. Carries the warnings as well, which are to be shown."""

    def __init__(self, warnings: tuple[Problem, ...], *problems: Problem) -> None:
        self.warnings = warnings
        super().__init__(*problems)


def load_specification(
    text: str, path: Path, *, directory: Path, variables: Mapping[str, str], lenient: bool = False
) -> Loaded:
    """Read and translate a specification. Local files start at `directory`.

    `variables` are those of `--variable`, and `output`, `image` and `rootfs_tarball` where they
    are given. With `lenient`, keys that vmdb2 doesn't know are warnings. Raises
    SpecificationError with all that is wrong, and RecipeError where it cannot be read at all.
    """
    found = read(text, path, variables, lenient=lenient)
    translated = translate(found.spec, path, directory=directory, variables=variables)
    problems = [*found.problems, *translated.problems]
    loaded = Loaded(
        draft=translated.draft,
        recipe=as_recipe(translated.draft, directory=directory, problems=problems),
        steps=found.spec.steps,
        image=directory / translated.image,
        warnings=tuple(_each_once((*found.warnings, *translated.warnings))),
        placeholders=frozenset(_placeholders(found.spec)),
        remarks=tuple(_remarks(found.spec, path)),
    )
    if not problems:
        return loaded
    planned: set[Problem] = set()
    try:
        loaded.plan({})
    except RecipeError as error:
        planned = {p for p in error.problems if not isinstance(p, Crash)} - {*problems}
    except Exception:  # noqa: BLE001 # a plan may not be possible with what is wrong
        planned.clear()
    stages = (found.problems, map(loaded.substituted, translated.problems), planned)
    raise SpecificationError(loaded.warnings, *deduplicate(stages, loaded.steps, found.unread))


def _each_once(warnings: Iterable[Problem]) -> Iterator[Problem]:
    """Yield warnings in the order of places; of equal ones the first, with the number of others."""
    found: dict[tuple[str, str], list[Problem]] = {}
    for warning in sorted(warnings, key=place):
        found.setdefault((warning.what, warning.hint), []).append(warning)
    for first, *others in found.values():
        lines = [str(other.where.line) for other in others if other.where]
        shown = ", ".join(lines[:_MOST_LINES]) + " ..." * (len(lines) > _MOST_LINES)
        more = f" (and {len(others)} more, in line {shown})" if others else ""
        yield replace(first, what=f"{first.what}{more}")


def _remarks(spec: Spec, path: Path) -> Iterator[Remark]:
    """Yield the comments; those above all steps are about the specification as a whole."""
    for text in spec.comments:
        yield Remark(text=text, where=Where(path, 1), first=0, last=0, of_all=True)
    starts = sorted({step.where.line for step in spec.steps})
    ends = dict(zip(starts, [line - 1 for line in starts[1:]], strict=False))
    for step in spec.steps:
        line = step.where.line
        for text in step.comments:
            last = ends.get(line, sys.maxsize)
            yield Remark(text=text, where=step.where, first=line, last=last)


def _placeholders(spec: Spec) -> Iterator[str]:
    """Yield the paths of all texts but scripts that stand for others, as in a template."""
    for step in spec.steps:
        for name, value in vars(step).items():
            if name == "shell":
                continue  # it has variables of its own
            for text in value if isinstance(value, tuple) else (value,):
                if isinstance(text, Text) and is_placeholder(text):
                    yield text.where.path
