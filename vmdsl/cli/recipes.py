"""The commands that take a recipe: build, check, plan and to-yaml.

Each imports what it needs when it runs, so that --help is fast and mypy starts early.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vmdsl.builder.image.formats import FORMATS, RAW
from vmdsl.cli.convert import Force, Written, write_yaml
from vmdsl.cli.options import Cache, HostTools, NoCache, Offline, Refresh, Version, cache_of
from vmdsl.cli.paths import (
    PLAN_SUFFIX,
    check_log,
    check_not_read,
    check_output,
    existing_file,
    is_device,
)
from vmdsl.cli.recipe_command import RecipeArgument, RecipeFile, RecipesArgument, with_values
from vmdsl.cli.reporting import (
    Format,
    is_collecting,
    report_error,
    report_plan,
    report_warnings,
)
from vmdsl.cli.slow_recipe import watched
from vmdsl.cli.write import Yes, disk_target
from vmdsl.errors import PolicyError, UsageError, VmdslError
from vmdsl.plan.offered import offered_names

if TYPE_CHECKING:
    from vmdsl.builder.cache.cache_dir import CacheDir
    from vmdsl.plan.plan import Plan

_Seed = Annotated[
    str, typer.Option(help="A text that changes every UUID: the same text, the same UUIDs.")
]
_OTHER_SUFFIXES = " or ".join(form.suffix for form in FORMATS if form.convert)
_Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="The image, or a disk such as /dev/sdX that it is written to. The format of a file "
        f"is {RAW.name}, unless its name ends with {_OTHER_SUFFIXES}. "
        rf"\[default: the recipe's name with {RAW.suffix}, in the current directory]",
        show_default=False,
    ),
]
_Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show everything that the build's programs print.")
]
_OnError = Annotated[
    Literal["clean", "keep", "shell"],
    typer.Option(
        help="When a step fails: clean up, keep the tree as it is, or open a shell in it."
    ),
]
_Timings = Annotated[bool, typer.Option("--timings", help="Show where the build's time went.")]
_Json = Annotated[bool, typer.Option("--json", help="Print the whole plan as JSON.")]
_PlanFile = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Write the plan to this file, FILE.plan, to be reviewed.",
        show_default=False,
    ),
]
_Check = Annotated[
    Path | None,
    typer.Option(
        help="Compare with FILE.plan: exit with 0 if nothing has changed, with 2 and the "
        "difference if something has, and with 1 on an error.",
        show_default=False,
    ),
]
_Html = Annotated[
    Path | None,
    typer.Option(
        help="Write the plan to this file as a page for a browser, with the state of the cache.",
        show_default=False,
    ),
]
_Reviewed = Annotated[
    Path | None,
    typer.Option(
        "--plan",
        help="Build only what this file shows: refuse before anything runs if the plan differs.",
        show_default=False,
    ),
]


def build(
    recipe: RecipeArgument,
    *,
    output: _Output = None,
    verbose: _Verbose = False,
    on_error: _OnError = "clean",
    timings: _Timings = False,
    cache_dir: Cache = None,
    seed: _Seed = "",
    refresh: Refresh = False,
    offline: Offline = False,
    no_cache: NoCache = False,
    host_tools: HostTools = False,
    reviewed: _Reviewed = None,
    form: Format = "text",
    yes: Yes = False,
    version: Version = False,
) -> None:
    """Build an image. The recipe is checked first; if it has mistakes, nothing is built."""
    del form, version  # run() and its callback have seen to them
    _require_file(recipe)
    output = _output_of(recipe, output)
    to_disk = is_device(output)
    if to_disk:
        from vmdsl.disks.disk import require_disk  # noqa: PLC0415 (not always needed)

        require_disk(output)
    else:
        check_output(output, recipe.path)
    if recipe.log:
        check_log(recipe.log, image=output, recipe=recipe.path)
    if refresh and offline:
        raise UsageError(
            "--refresh needs the network, and --offline uses none: give one of them.", code="usage"
        )
    if on_error == "shell":
        from vmdsl.cli.terminal import require_terminal  # noqa: PLC0415

        require_terminal("--on-error shell", "use --on-error keep, and look into the tree later")
    cache = cache_of(cache_dir)
    made = _make_plan(recipe, cache, seed, refresh=refresh)
    _require_no_findings(made)
    if reviewed:
        from vmdsl.cli.reviewed import require_reviewed  # noqa: PLC0415

        require_reviewed(reviewed, made)
    made.require_buildable()
    if not to_disk:
        check_not_read(output, made.operations)

    from vmdsl.builder.build import build as build_image  # noqa: PLC0415
    from vmdsl.builder.cache.cache_dir import CacheOptions  # noqa: PLC0415
    from vmdsl.builder.job import OnError  # noqa: PLC0415
    from vmdsl.cli.progress import (  # noqa: PLC0415
        check_phase,
        progress,
        show_built,
        show_encrypted,
        show_timings,
    )
    from vmdsl.host.checks import require_host  # noqa: PLC0415

    checked = check_phase()
    require_host(cache.path)
    name = f"{recipe.stem}{RAW.suffix}"
    with ExitStack() as stack:
        disk = None
        if to_disk:
            disk = stack.enter_context(disk_target(output, made, cache, name=name, yes=yes))
        with _in_its_words(recipe), progress(verbose=verbose) as listener:
            built = build_image(
                made,
                output=disk.image if disk else output,
                cache=cache,
                caching=CacheOptions(use=not no_cache, refresh=refresh, offline=offline),
                listener=listener,
                on_error=OnError(on_error),
                log=recipe.log,
                temporary_for=Path(name) if disk else None,
                host_tools=host_tools,
            )
        if timings:
            show_timings((checked, *built.phases))
        if disk:
            disk.write()
        else:
            show_built(built)
        show_encrypted(built)


@contextmanager
def _in_its_words(recipe: RecipeFile) -> Iterator[None]:
    """Show errors of a build in the words of a specification, if the recipe is one."""
    try:
        yield
    except VmdslError as error:
        if recipe.specification is None:
            raise
        raise recipe.specification.failure(error) from None


def check(recipe: RecipesArgument, *, form: Format = "text", cache_dir: Cache = None) -> int:
    """Find the mistakes in recipes, without building anything.

    Also shows what is correct but cannot be built yet, or not on this machine.
    """
    del form  # run() has seen to it
    cache = cache_of(cache_dir)
    if len(recipe) == 1 and not is_collecting():
        _check(recipe[0], cache)
        return 0
    return max([_code_of_check(one, cache) for one in recipe])


def _code_of_check(recipe: RecipeFile, cache: CacheDir) -> int:
    """Check one of several recipes, of which none is loaded yet. Return its exit code."""
    from vmdsl.plan.load import isolated  # noqa: PLC0415

    try:
        with isolated(recipe.path):
            _check(recipe, cache)
    except VmdslError as error:
        report_error(error, of=recipe.path)
        return error.exit_code
    return 0


def _check(recipe: RecipeFile, cache: CacheDir) -> None:
    _require_file(recipe)
    if recipe.is_specification and recipe.specification is None:
        recipe = with_values(recipe, {}, {})
    made = _make_plan(recipe, cache, "")
    _require_no_findings(made)
    if is_collecting():
        return
    typer.echo(f"{recipe}: no mistakes")
    if made.obstacles:
        from rich.console import Console  # noqa: PLC0415 (slow)

        from vmdsl.cli.problems import show_obstacles  # noqa: PLC0415

        show_obstacles(made.obstacles, Console(highlight=False))


def plan(
    recipe: RecipeArgument,
    *,
    plan_file: _PlanFile = None,
    check: _Check = None,
    json: _Json = False,
    html: _Html = None,
    form: Format = "text",
    cache_dir: Cache = None,
    seed: _Seed = "",
) -> int:
    """Show what a build would do: the options, the disk, and every operation in order.

    The same recipe with the same local files always gives the same text. What depends on the day
    and on this machine is on standard error: which results are in the cache, why the first of the
    other operations must run, and what cannot be built here, or not yet.

    With another --format than text, standard output has the report alone, and no plan.
    """
    del form  # run() has seen to it
    if plan_file and recipe.is_specification and plan_file.suffix != PLAN_SUFFIX:
        plan_file = None  # it is that of the image, which is an option of vmdb2
    _require_one(plan_file, check, html, json=json)
    _require_file(recipe)
    cache = cache_of(cache_dir)
    made = _make_plan(recipe, cache, seed)
    if made.findings:
        report_error(PolicyError(*made.findings))

    if plan_file is not None:
        from vmdsl.cli.reviewed import write_reviewed  # noqa: PLC0415 (slow)

        write_reviewed(plan_file, made)
    elif check is not None:
        from vmdsl.cli.reviewed import compare_with  # noqa: PLC0415 (slow)

        return compare_with(check, made)
    elif json:
        from vmdsl.review.data import plan_json  # noqa: PLC0415

        typer.echo(plan_json(made), nl=False)
    elif html is not None:
        from vmdsl.cli.draw import write_page  # noqa: PLC0415 (slow)

        write_page(html, made, cache)
    elif not is_collecting():
        _show(made, cache)
    return 0


def _require_one(*files: Path | None, json: bool) -> None:
    """Raise UsageError if a plan is asked for in several ways, or in two on standard output."""
    if sum(file is not None for file in files) + json > 1:
        raise UsageError(
            "--output, --check, --json and --html exclude each other: give one.", code="usage"
        )
    if json and is_collecting():
        raise UsageError("--json and --format both use standard output: give one.", code="usage")


def _show(plan: Plan, cache: CacheDir) -> None:
    """Print a plan for people."""
    from rich.console import Console  # noqa: PLC0415 (slow)

    from vmdsl.builder.cache.forecast import expect  # noqa: PLC0415
    from vmdsl.cli.draw import show_plan, show_today  # noqa: PLC0415

    show_plan(plan)
    sys.stdout.flush()
    show_today(plan, expect(plan, cache=cache), Console(stderr=True, highlight=False))


def to_yaml(
    recipe: RecipeArgument,
    *,
    written: Written = None,
    force: Force = False,
    cache_dir: Cache = None,
    seed: _Seed = "",
) -> None:
    """Write a vmdb2 specification that means the same as a recipe or an older specification.

    Operations that vmdb2 has no step for become scripts; those that no script can do are refused.
    """
    _require_file(recipe)
    made = _checked(recipe, cache_of(cache_dir), seed)
    report_warnings(made.warnings)
    write_yaml(made, written, force=force)


def _require_file(recipe: RecipeFile) -> None:
    """Raise UsageError unless the recipe or specification exists."""
    if not recipe.is_specification:
        is_recipe = recipe.path.suffix in {"", ".py"}
        kind, suffix = ("recipe", ".py") if is_recipe else ("specification", recipe.path.suffix)
        existing_file(recipe.path, kind, suffix, offered_names)


def _output_of(recipe: RecipeFile, given: Path | None) -> Path:
    """Return where the image is written: a specification names the file itself."""
    if recipe.specification is not None:
        return recipe.specification.image
    return given or Path(f"{recipe.stem}{RAW.suffix}")


def _make_plan(recipe: RecipeFile, cache: CacheDir, seed: str, *, refresh: bool = False) -> Plan:
    """Return the plan with the findings of policies, and print the warnings about it.

    With `refresh`, the build asks the archives which packages they have.
    """
    from vmdsl.cli.policies import with_findings  # noqa: PLC0415

    remarks = recipe.specification.remarks if recipe.specification else None
    made = with_findings(_checked(recipe, cache, seed, refresh=refresh), remarks)
    report_warnings(made.warnings)
    report_plan(made)
    return made


def _require_no_findings(plan: Plan) -> None:
    """Raise PolicyError with what policies do not allow, if there is anything."""
    if plan.findings:
        raise PolicyError(*plan.findings)


def _checked(recipe: RecipeFile, cache: CacheDir, seed: str, *, refresh: bool = False) -> Plan:
    from vmdsl.builder.cache.known_packages import unknown_packages  # noqa: PLC0415
    from vmdsl.plan.plan import make_plan  # noqa: PLC0415
    from vmdsl.plan.scripts import syntax_problems  # noqa: PLC0415

    checks = [syntax_problems]
    if not refresh:
        checks.append(partial(unknown_packages, cache=cache))
    if recipe.specification:
        return recipe.specification.plan(recipe.values, seed=seed, checks=checks)
    with redirect_stdout(sys.stderr), watched(recipe.path):  # standard output is ours alone
        return make_plan(
            recipe.path,
            recipe.values,
            cache=cache.mypy,
            seed=seed,
            loaded=recipe.recipe,
            types=recipe.types,
            checks=checks,
        )
