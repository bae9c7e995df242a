"""The modules of a recipe's author are found by their imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmdsl.plan.modules import apart, own_modules

USES = "from vmdsl import apt\n"
FILES = {
    "beside.py": "",
    "package/__init__.py": "from . import inner\n",
    "package/inner.py": "from .deep.most import x\n",
    "package/deep/__init__.py": "",
    "package/deep/most.py": "from ..other import y\nfrom .... import far\n",
    "package/other.py": "",
    "namespace/part.py": USES,
    "acme/__init__.py": "",
    "acme/parts.py": USES + "import acme.web, acme.disks\n",
    "acme/disks.py": "import vmdsl\n",
    "acme/web.py": "",
    "acme/recipes/__init__.py": "",
    "acme/recipes/near.py": "",
    "lib/site-packages/one.py": "",
}


@pytest.mark.parametrize(
    ("recipe", "text", "wanted"),
    [
        ("recipe.py", "import beside\n", ["beside.py"]),
        ("recipe.py", "from beside import *\n", ["beside.py"]),
        (
            "recipe.py",
            "def f() -> None:\n    import package\n",
            [
                "package/__init__.py",
                "package/inner.py",
                "package/deep/__init__.py",
                "package/deep/most.py",
                "package/other.py",
            ],
        ),
        ("recipe.py", "import package.other as o, json, vmdsl\n", None),
        ("recipe.py", "import namespace.part\n", []),  # mypy names it otherwise, and follows it
        (
            "acme/recipes/server.py",
            "from acme.parts import x\n",
            ["acme/parts.py", "acme/disks.py"],  # the package itself does not use vmdsl
        ),
        ("acme/recipes/server.py", "from .. import parts\n", ["acme/parts.py", "acme/disks.py"]),
        (
            "acme/recipes/server.py",
            "import acme.recipes.near\n",
            ["acme/recipes/__init__.py", "acme/recipes/near.py"],
        ),
        ("acme/recipes/server.py", "import near, beside\n", []),
        ("lib/site-packages/recipe.py", "import one\n", []),
    ],
)
def test_modules(recipe: str, text: str, wanted: list[str] | None, tmp_path: Path) -> None:
    for name, content in {**FILES, recipe: text}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    found = own_modules(tmp_path / recipe)
    names = [str(path.relative_to(tmp_path)) for path in found]
    assert names[0] == recipe
    assert len(set(names)) == len(names)
    if wanted is None:
        assert "package/other.py" in names
        assert "package/deep/most.py" in names
    else:
        assert set(names[1:]) == set(wanted)


@pytest.mark.parametrize("name", ["acme/server.py", "acme/deep/most.py", "single.py"])
def test_modules_of_installed_packages_have_a_folder_of_their_own(
    name: str, tmp_path: Path
) -> None:
    """Beside them is all that is installed, which mypy would take for code of their author."""
    site = tmp_path / "lib/site-packages"
    for file in ("acme/__init__.py", "acme/deep/__init__.py", "typing_extensions.py", name):
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_text(USES, encoding="utf-8")
    path = apart(site / name, tmp_path / "links")
    assert apart(site / name, tmp_path / "links") == path  # where it is already
    assert path.resolve() == site / name
    folder = path.parents[len(Path(name).parts) - 1]
    assert [one.name for one in folder.iterdir()] == [Path(name).parts[0]]


def test_a_recipe_that_is_not_installed_stays_where_it_is(tmp_path: Path) -> None:
    assert apart(tmp_path / "recipe.py", tmp_path / "links") == tmp_path / "recipe.py"
    assert not (tmp_path / "links").exists()
