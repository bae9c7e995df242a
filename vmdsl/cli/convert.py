"""`vmdsl from-yaml` and `vmdsl to-yaml`: convert between vmdb2 specifications and recipes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vmdsl.builder.image.formats import RAW
from vmdsl.cli.paths import existing_file, replace_file
from vmdsl.cli.reporting import report_warnings
from vmdsl.cli.specification import (
    STDIN,
    Given,
    Image,
    Lenient,
    Tarball,
    Variables,
    load,
)
from vmdsl.errors import LocalFile, Problem, RecipeError, UsageError

if TYPE_CHECKING:
    from vmdsl.plan.plan import Plan

Written = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", help="The file to write. Without it, standard output.", show_default=False
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")]


def from_yaml(
    specification: Annotated[
        Path,
        typer.Argument(
            metavar="SPEC",
            help="A vmdb2 specification; - is standard input.",
            show_default=False,
        ),
    ],
    *,
    output: Written = None,
    force: Force = False,
    image: Image = None,
    rootfs_tarball: Tarball = None,
    variable: Variables = None,
    lenient: Lenient = False,
) -> None:
    """Convert a vmdb2 specification to a recipe that has the same plan.

    Variables become options, whose defaults are the values given here. Local files that are
    missing are only warnings here.
    """
    if specification.suffix == ".py":
        hint = f"to write a specification of it: vmdsl to-yaml {specification}"
        raise UsageError(
            Problem(what=f"{specification} is already a recipe", hint=hint, code="wrong-file")
        )
    if specification != STDIN:
        existing_file(specification, "specification", ".vmdb")
    given = Given(
        output=image or Path(f"{specification.stem.strip('-') or 'image'}{RAW.suffix}"),
        image=image,
        rootfs_tarball=rootfs_tarball,
        variable=variable,
        lenient=lenient,
    )
    if image is None:
        given = Given(**{**vars(given), "image": given.output})
    loaded = load(specification, given)
    try:
        report_warnings(loaded.plan({}).warnings)
    except RecipeError as error:
        if not all(isinstance(problem, LocalFile) for problem in error.problems):
            raise
        report_warnings((*error.warnings, *error.problems))

    from vmdsl.vmdb2.to_python.moved import moved  # noqa: PLC0415 (slow)
    from vmdsl.vmdb2.to_python.source import to_python  # noqa: PLC0415

    here = Path.cwd()
    there = output.absolute().parent if output else here
    _write(to_python(moved(loaded.draft, start=here, to=there)), output, force=force)


def write_yaml(plan: Plan, output: Path | None, *, force: bool) -> None:
    """Write a plan as a specification."""
    from vmdsl.vmdb2.to_yaml.write import to_yaml  # noqa: PLC0415 (slow)

    _write(to_yaml(plan), output, force=force)


def _write(text: str, output: Path | None, *, force: bool) -> None:
    """Print a text, or write it to a file, which is renamed into place when it is complete."""
    if output is None:
        typer.echo(text, nl=False)
        return
    if output.is_dir():
        raise UsageError(f"{output} is a directory: name the file", code="output-file")
    if output.exists() and not force:
        hint = "name another one, or add --force"
        raise UsageError(Problem(what=f"{output} exists", hint=hint, code="output-file"))
    replace_file(output, text)
