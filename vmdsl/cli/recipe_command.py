"""A command that takes a recipe, and the recipe's options as flags.

A recipe's options are known only once it is loaded. So the arguments are read twice by the same
parser: first with the command's own options, ignoring all others, to find the recipe; then with
the recipe's options as well. Of several recipes none is loaded then: they have no options there.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer
from typer.core import TyperArgument, TyperOption

from vmdsl.cli import specification
from vmdsl.cli.options import (
    Command,
    Group,
    absolute,
    as_typer,
    cache_of,
    complete_suites,
    literal,
    parser,
    value_in_words,
)
from vmdsl.cli.paths import PLAN_SUFFIX
from vmdsl.cli.slow_recipe import watched
from vmdsl.errors import Advice, Problem, UsageError, VmdslError
from vmdsl.plan.offered import offered_file, offered_names
from vmdsl.values import Size, Suite

if TYPE_CHECKING:
    from vmdsl.language.steps import Option
    from vmdsl.plan.load import Recipe
    from vmdsl.plan.typecheck import TypeCheck
    from vmdsl.vmdb2.load import Loaded


#: What people write after a flag that takes no value.
_WORDS = ("yes", "no", "true", "false", "on", "off", "1", "0")


@dataclass(frozen=True, kw_only=True)
class RecipeFile:
    """The recipe or the vmdb2 specification that a command line names.

    `name` is the one by which an installed package offers it, or empty. `recipe` is None if it
    cannot be loaded, and `types` is the run of mypy on it. `values` are those of its options that
    are given. `log` is where the build of a specification writes its log.
    """

    path: Path
    name: str = ""
    recipe: Recipe | None = None
    types: TypeCheck | None = None
    specification: Loaded | None = None
    values: Mapping[str, object] = field(default_factory=dict)
    log: Path | None = None

    def __str__(self) -> str:
        return self.name or str(self.path)

    @property
    def stem(self) -> str:
        """The name of its image, without the suffix."""
        return self.name or self.path.stem

    @property
    def is_specification(self) -> bool:
        """Whether it is a vmdb2 specification."""
        return specification.is_specification(self.path)

    @property
    def is_broken(self) -> bool:
        """Whether it is a recipe that cannot be loaded, if that has been tried."""
        return not self.is_specification and self.recipe is None


def named_recipe(text: Any) -> RecipeFile:
    """Return the recipe that a word names: an installed one, if there is no such file."""
    if isinstance(text, RecipeFile):
        return text
    installed = offered_file(text) if is_offered(text) else None
    return RecipeFile(path=installed or Path(text), name=text if installed else "")


def is_offered(word: str) -> bool:
    """Return whether a word is not a file, and names a recipe of an installed package."""
    looks_so = "/" not in word and not word.startswith("-") and not word.endswith(".py")
    return looks_so and not Path(word).is_file() and word in offered_names()


def _completions(incomplete: str) -> list[str]:
    """Return what a shell completes to a recipe: files too, unless the shell can do that alone."""
    names = [name for name in offered_names() if name.startswith(incomplete)]
    here = Path().glob(f"{incomplete}*") if names else ()
    files = [f"{path}/" if path.is_dir() else str(path) for path in here]
    return [*names, *(file for file in files if file.endswith(("/", ".py")))]


_ARGUMENT = typer.Argument(
    metavar="RECIPE",
    help="The recipe, a Python file, or the name of one of an installed package; or a vmdb2 "
    "specification, where - is standard input.",
    show_default=False,
    parser=named_recipe,
    autocompletion=_completions,
)
#: The argument of every command of this class, which receives it loaded.
RecipeArgument = Annotated[RecipeFile, _ARGUMENT]
#: That of a command that takes several recipes. Only one by itself is loaded, and has options.
RecipesArgument = Annotated[list[RecipeFile], _ARGUMENT]


@dataclass(frozen=True, kw_only=True)
class Glimpse:
    """The arguments that must be known before a recipe is loaded."""

    recipe: RecipeFile | None
    cache: Path | None
    is_checked: bool
    #: Whether all are words that name files, and none could be an option of a recipe.
    is_several: bool


class RecipeCommand(Command):
    """A command with an argument named `recipe`, which is loaded while the arguments are parsed."""

    #: Options of vmdb2 that the command takes, as vmdb2 does, but has no use for, by name.
    no_use_for: ClassVar[Collection[str]] = ("log",)

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._own = [p for p in self.params if isinstance(p, TyperArgument | TyperOption)]
        spelled = {spelling for p in self._own for spelling in p.opts}
        self._more = [p for p in specification.options() if not spelled.intersection(p.opts)]
        for option in self._more:
            if option.name in self.no_use_for:
                option.hidden = True
        self.params = [*self._own, *self._more]
        self._found: RecipeFile | None = None
        self._is_several = False
        self._types: TypeCheck | None = None

    def begin(self, context: Any, arguments: list[str]) -> list[str]:
        """Find the recipe, and start mypy on it, which is stopped when the context is closed.

        Return the arguments, with abbreviated options of vmdb2 in full unless the recipe is in
        Python.
        """
        full = specification.spelled_out(arguments, self.with_value())
        found = self.glimpse(context, full)
        if found.recipe is not None and found.recipe.path.suffix == ".py":
            full, found = arguments, self.glimpse(context, arguments)
        self._is_several = found.is_several
        named = self._found = None if found.is_several else found.recipe
        if named is None or named.is_specification:
            return full
        if named.path.is_file() and found.is_checked and not context.resilient_parsing:
            from vmdsl.plan.typecheck import TypeCheck  # noqa: PLC0415 (not always needed)

            self._types = TypeCheck(named.path, cache_of(found.cache).mypy)
            context.call_on_close(self._types.stop)
        return full

    def glimpse(self, context: Any, arguments: Sequence[str]) -> Glimpse:
        """Read the arguments with the options that the command has now, and ignore all others.

        The recipe is the first word that is a Python file, or else the first one that names a
        recipe of an installed package, or else the first word.
        """
        lenient = typer.Context(
            self, parent=context, ignore_unknown_options=True, resilient_parsing=True
        )
        given, rest, _ = self.make_parser(lenient).parse_args(list(arguments))
        named = given.get("recipe")
        takes_several = isinstance(named, tuple)
        found = [*(named if isinstance(named, tuple) else [named]), *rest]
        words = [w for w in found if w is not None and (w == "-" or not w.startswith("-"))]
        files = [word for word in words if word.endswith(".py") and Path(word).is_file()]
        if not (files or (words and Path(words[0]).is_file())):
            files = [word for word in words if is_offered(word)]
        chosen, cache = (files or words)[:1], given.get("cache_dir")
        return Glimpse(
            recipe=named_recipe(chosen[0]) if chosen else None,
            cache=Path(cache) if cache else None,
            is_checked=not {"help", "version"} & given.keys(),
            is_several=takes_several and len(found) == len(words) > 1,
        )

    def with_value(self) -> frozenset[str]:
        """Return every spelling of the options that take a value."""
        options = [p for p in self.params if isinstance(p, TyperOption)]
        return frozenset(s for p in options if not (p.is_flag or p.count) for s in p.opts)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Load the recipe that `begin` has found, and parse the arguments with its options."""
        if self._found is not None:
            ctx.obj = self._load(ctx, self._found)
            if not ctx.obj.is_specification:
                self._more = _flags(ctx.obj)
                self.params = [*self._own, *self._more]
                if not ctx.resilient_parsing:
                    _refuse_values_of_flags(self._more, args)
        elif not self._is_several:
            self._show_own_options(ctx)
        rest = super().parse_args(ctx, args)
        if ctx.resilient_parsing:  # a shell completes the line
            return rest
        given = {p.name: ctx.params.pop(p.name) for p in self._more}
        named = ctx.params["recipe"]
        if not isinstance(named, list):
            ctx.params["recipe"] = with_values(ctx.obj or named, given, ctx.params)
        elif ctx.obj and (len(named) == 1 or ctx.obj.is_broken):
            ctx.params["recipe"] = [with_values(ctx.obj, given, ctx.params)]
        elif any(given.values()) or ctx.obj:
            raise _options_of_several(named)
        return rest

    def _show_own_options(self, context: Any) -> None:
        """Leave out of the help what only a specification has: there is none."""
        for option in self._more:
            option.hidden = True
        self.epilog = f"{context.command_path} RECIPE --help shows the options of the recipe too."

    def _load(self, context: Any, named: RecipeFile) -> RecipeFile:
        """Load a recipe in Python, while mypy checks it. A specification is loaded later."""
        if named.is_specification:
            return named
        recipe = _loaded(named.path)
        if recipe is None:  # its options are unknown; the command reports why
            context.ignore_unknown_options = context.allow_extra_args = True
            self.epilog = literal(f"{named} cannot be loaded, so its own options are missing here.")
        return replace(named, recipe=recipe, types=self._types)


class BuildCommand(RecipeCommand):
    """The command that builds a recipe."""

    no_use_for = ()


class CommandLine(Group):
    """The commands. Those with a recipe begin before typer parses, as it then imports pydantic."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Let the command begin, and parse the arguments before it."""
        command = self.commands.get(args[0]) if args else None
        if isinstance(command, RecipeCommand):
            args = [args[0], *command.begin(ctx, args[1:])]
        return super().parse_args(ctx, args)


def _loaded(path: Path) -> Recipe | None:
    from vmdsl.plan.load import load  # noqa: PLC0415 (slow, and not always needed)

    try:
        with redirect_stdout(sys.stderr), watched(path):
            return load(path)
    except VmdslError:
        return None  # the command reports why


def _options_of_several(recipes: Sequence[RecipeFile]) -> UsageError:
    """Return the refusal of options of one recipe that are given to several."""
    what = f"{len(recipes)} recipes are named, so none can have options of its own"
    return UsageError(
        Problem(what=what, hint="give one recipe with its options at a time", code="usage")
    )


def with_values(
    named: RecipeFile, given: Mapping[str, Any], others: Mapping[str, Any]
) -> RecipeFile:
    """Add the values of its options to a recipe; load a specification with them.

    `others` are the values of the command's own options.
    """
    if not named.is_specification:
        values = {name: value for name, value in given.items() if value is not None}
        return replace(named, values=values)
    output = others["output"] if "output" in others else given.get("image")
    if (file := others.get("plan_file")) and file.suffix != PLAN_SUFFIX:
        output = file  # as vmdb2 has it
    options = {"output": output, **given}
    log = options.pop("log", None)
    loaded = specification.load(named.path, specification.Given(**options))
    return replace(named, recipe=loaded.recipe, specification=loaded, log=log)


def _flags(named: RecipeFile) -> list[TyperArgument | TyperOption]:
    """Return the flags for a recipe's valid options; invalid ones are reported later."""
    if named.recipe is None:
        return []
    problems = named.recipe.problems
    wrong = {problem.where for problem in problems if not isinstance(problem, Advice)}
    options = [o for o in named.recipe.options if o.name and o.where not in wrong]
    parameters = [_parameter(option, named.name or named.path.name) for option in options]

    def function() -> None:
        """Have the signature below, which is all that typer reads."""

    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # inspect's own
    function.__annotations__ = {p.name: p.annotation for p in parameters}
    return as_typer(function)


def _refuse_values_of_flags(
    options: Sequence[TyperArgument | TyperOption], arguments: Sequence[str]
) -> None:
    """Raise UsageError if a word such as "yes" follows one of a recipe's flags."""
    flags = {spelled: one for one in options for spelled in one.opts if one.secondary_opts}
    for spelled, word in pairwise(arguments):
        if spelled in flags and word.lower() in _WORDS:
            off = flags[spelled].secondary_opts[0]
            what = f"{spelled} takes no value: {word}"
            raise UsageError(Problem(what=what, hint=f"write: {spelled} or {off}", code="usage"))


def _parameter(option: Option[object], recipe: str) -> inspect.Parameter:
    name = option.name.replace("_", "-")
    default = option.default
    is_path = isinstance(default, Path | None)
    kind: Any = Path if is_path else type(default)
    flag = f"--{name}/--no-{name}" if kind is bool else f"--{name}"
    shown = value_in_words(default)
    info = typer.Option(
        flag,
        help=f"{literal(f'{option.help} ')}[dim]{literal(f'[default: {shown}]')}[/dim]",
        show_default=False,
        rich_help_panel=f"Options of {recipe}",
        parser=_parser(kind),
        autocompletion=complete_suites if kind is Suite else None,
    )
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, info],
    )


def _parser(kind: type) -> Callable[[str], Any] | None:
    """Return the parser for a type that typer doesn't know, or None."""
    if issubclass(kind, Size | Suite):
        return parser(kind)
    if issubclass(kind, Path):
        return absolute
    if issubclass(kind, StrEnum | str | int):
        return None
    raise AssertionError(f"an option of the type {kind.__name__} was let through")
