"""`vmdsl list`: the recipes here, and those that installed packages offer."""

from __future__ import annotations

import json as json_module
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from vmdsl.plan.offered import Listed

FORMAT_VERSION = 1
_FOLDERS = (Path(), Path("recipes"))


def list_recipes(
    *, json: Annotated[bool, typer.Option("--json", help="Print the recipes as JSON.")] = False
) -> None:
    """Show the recipes here, and those that installed packages offer.

    Here is the current directory, and recipes/ in it. None of the recipes is run.
    """
    from vmdsl.plan.offered import offered_recipes, recipes_in  # noqa: PLC0415 (slow)

    here, installed = list(recipes_in(_FOLDERS)), list(offered_recipes())
    if json:
        typer.echo(as_json([*here, *installed]), nl=False)
        return
    if not here and not installed:
        typer.echo("No recipes here, and none of installed packages. To write one: vmdsl new")
        return
    for number, (title, recipes) in enumerate(
        (("Recipes here", here), ("Recipes of installed packages", installed))
    ):
        if recipes:
            if number and here:
                typer.echo()
            typer.echo(title)
            width = max(len(one.name) for one in recipes)
            for one in recipes:
                typer.echo(f"  {one.name:<{width}}  {_about(one)}".rstrip())


def _about(recipe: Listed) -> str:
    if recipe.problem:
        return recipe.problem
    package = f"({recipe.package} {recipe.version})" if recipe.package else ""
    return f"{recipe.description} {package}".strip()


def as_json(recipes: Sequence[Listed]) -> str:
    """Return a list of recipes as JSON."""
    document = {
        "format_version": FORMAT_VERSION,
        "recipes": [
            {
                "name": one.name,
                "file": str(one.file.absolute()) if one.file else None,
                "description": one.description,
                "package": one.package or None,
                "version": one.version or None,
                "problem": one.problem or None,
            }
            for one in recipes
        ],
    }
    return json_module.dumps(document, indent=2, ensure_ascii=False) + "\n"
